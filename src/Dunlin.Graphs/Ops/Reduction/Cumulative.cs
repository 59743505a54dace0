using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Running sums or products along a dimension: y[i] combines x[0] to x[i].</summary>
/// <remarks>Gradients: of a sum, the sums of dy from the other end; of a product the recurrence g[i] = dy[i] + x[i + 1] · g[i + 1]
/// times the product of the elements before x[i], so that an x of 0 does no harm.</remarks>
/// <param name="Reducer"><see cref="Reducer.Sum"/> or <see cref="Reducer.Product"/>.</param>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Exclusive">Whether y[i] leaves x[i] out.</param>
/// <param name="Backward">Whether to go from the last element to the first.</param>
public sealed record Cumulative(Reducer Reducer, int Axis, bool Exclusive, bool Backward) : Operation
{
    /// <inheritdoc/>
    public override string Name => $"Cumulative{Reducer}";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (Reducer is not (Reducer.Sum or Reducer.Product)) throw Mismatch(inputs, "knows sums and products.");
        if (inputs[0].Type is DType.Bool or DType.UInt8) throw Mismatch(inputs, $"is not defined for {inputs[0].Type}; Cast first.");
        return Along.Fits(Axis, inputs[0].Shape) ? [inputs[0]] : throw Mismatch(inputs, $"there is no dimension {Axis}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type switch
    {
        DType.Float32 => new RunningKernel<float>(this, inputs[0].Shape),
        DType.Float64 => new RunningKernel<double>(this, inputs[0].Shape),
        DType.Int32 => new RunningKernel<int>(this, inputs[0].Shape),
        _ => new RunningKernel<long>(this, inputs[0].Shape),
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, [inputs[0].Value])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, dy) = (node.Inputs[0], outputGradients[0]!);
        if (Reducer == Reducer.Sum) return [node.Graph.Add(this with { Backward = !Backward }, [dy])];
        var before = Exclusive ? node.Outputs[0] : node.Graph.Add(this with { Exclusive = true }, [x]);
        var factors = Exclusive ? x : x.Roll(Backward ? 1 : -1, Axis);
        return [before * Operations.LinearRecurrence(factors, dy, Axis, Exclusive, !Backward)];
    }

    private sealed unsafe class RunningKernel<T>(Cumulative cumulative, Shape shape) : ParallelKernel(shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(cumulative.Axis, shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var product = cumulative.Reducer == Reducer.Product;
            var (begin, end) = ThreadTeam.Share((long)outer * inner, worker, workers);
            for (var line = begin; line < end; line++)
            {
                var start = line / inner * inner * length + line % inner + (cumulative.Backward ? (long)(length - 1) * inner : 0);
                var step = cumulative.Backward ? -inner : inner;
                var total = product ? T.One : T.Zero;
                for (var (i, at) = (0, start); i < length; i++, at += step)
                {
                    var next = product ? total * Operand<T>(0)[at] : total + Operand<T>(0)[at];
                    Operand<T>(1)[at] = cumulative.Exclusive ? total : next;
                    total = next;
                }
            }
        }
    }
}

/// <summary>Running sums and products.</summary>
public static partial class Operations
{
    /// <summary>Running sums; see <see cref="Cumulative"/>.</summary>
    public static Value CumSum(this Value x, int axis, bool exclusive = false, bool backward = false) => x.Graph.Add(new Cumulative(Reducer.Sum, axis, exclusive, backward), [x]);

    /// <summary>Running products; see <see cref="Cumulative"/>.</summary>
    public static Value CumProd(this Value x, int axis, bool exclusive = false, bool backward = false) =>
        x.Graph.Add(new Cumulative(Reducer.Product, axis, exclusive, backward), [x]);
}
