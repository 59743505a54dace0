using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>An operation without inputs whose output is known when the graph is built.</summary>
public abstract record Known : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It has no inputs.";

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "It has no inputs that could differ.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new ConstantKernel(Make(), inputs: 0);

    /// <summary>The output's type.</summary>
    protected abstract TensorType Result { get; }

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 0);
        return Result.Shape.IsKnown ? [Result] : throw Mismatch(inputs, $"lengths are at least 0 and known, not {Result.Shape}.");
    }

    /// <summary>The output.</summary>
    protected abstract Tensor Make();

    /// <summary>A tensor with the given numbers, whatever its element type.</summary>
    private protected static Tensor Numbers(TensorType type, Func<long, double> at)
    {
        var tensor = Tensor.Uninitialized(type.Type, type.Shape);
        var size = type.Type.Size();
        for (var i = 0; i < tensor.ElementCount; i++)
        {
            var number = Scalars.Make(at(i), type.Type);
            number.RawBytes.CopyTo(tensor.RawBytes[(i * size)..]);
            GC.KeepAlive(number);
        }
        return tensor;
    }
}

/// <summary>Evenly spaced numbers: start, start + step, start + 2 · step, ….</summary>
public sealed record Sequence(double Start, double Step, int Count, DType Type) : Known
{
    /// <inheritdoc/>
    protected override TensorType Result => new(Type, [Count]);

    /// <inheritdoc/>
    protected override Tensor Make() => Numbers(Result, i => Start + i * Step);
}

/// <summary>A matrix with ones on the main diagonal and zeros elsewhere.</summary>
public sealed record Eye(int Rows, int Columns, DType Type) : Known
{
    /// <inheritdoc/>
    protected override TensorType Result => new(Type, [Rows, Columns]);

    /// <inheritdoc/>
    protected override Tensor Make() => Numbers(Result, i => i / Columns == i % Columns ? 1 : 0);
}

/// <summary>The lengths of x's dimensions as an Int64 vector.</summary>
public sealed record ShapeOf : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on shapes only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => false;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [new(DType.Int64, [inputs[0].Shape.Rank])];
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only a shape is read, which is the same for all examples.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new ConstantKernel(Tensor.From([.. context.Inputs[0].Shape.Dimensions.ToArray().Select(d => (long)d)]), inputs: 1);
}

/// <summary>The number of x's elements as an Int64 scalar.</summary>
public sealed record SizeOf : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on shapes only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => false;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [new(DType.Int64, Shape.Scalar)];
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only a shape is read, which is the same for all examples.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new ConstantKernel(Tensor.Scalar(context.Inputs[0].Shape.ElementCount), inputs: 1);
}

/// <summary>Known tensors.</summary>
public static partial class Operations
{
    /// <summary>The numbers start, start + step, … before limit (for a negative step, above it).</summary>
    /// <exception cref="DunlinException">The step is 0.</exception>
    public static Value Range(this Graph graph, double start, double limit, double step = 1, DType type = DType.Int64)
    {
        Require.That(nameof(Range), step, step != 0 && double.IsFinite(step), "a finite number other than 0");
        return graph.Add(new Sequence(start, step, Length(Math.Max(0, Math.Ceiling((limit - start) / step))), type), []);
    }

    /// <summary>Evenly spaced numbers, <paramref name="count"/> of them, from start to stop, both included.</summary>
    public static Value LinSpace(this Graph graph, double start, double stop, int count, DType type = DType.Float32) =>
        graph.Add(new Sequence(start, count > 1 ? (stop - start) / (count - 1) : 0, count, type), []);

    /// <inheritdoc cref="Ops.Eye"/>
    public static Value Eye(this Graph graph, int rows, int? columns = null, DType type = DType.Float32) => graph.Add(new Eye(rows, columns ?? rows, type), []);

    /// <inheritdoc cref="Ops.ShapeOf"/>
    public static Value ShapeOf(this Value x) => x.Graph.Add(new ShapeOf(), [x]);

    /// <inheritdoc cref="Ops.SizeOf"/>
    public static Value SizeOf(this Value x) => x.Graph.Add(new SizeOf(), [x]);
}
