using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>For each element of the first input, whether it is among those of the second: Bool in the shape of the first. NaN is among none.</summary>
public sealed record IsIn : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "A test is constant almost everywhere.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type == inputs[1].Type && inputs[0].Type != DType.Bool ? [inputs[0] with { Type = DType.Bool }] : throw Mismatch(inputs, "takes numbers of one type.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        inputs[1].IsBatched ? null : [node.Graph.Add(this, [inputs[0].Value, inputs[1].Value])];

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type switch
    {
        DType.Float32 => new IsInKernel<float>(inputs),
        DType.Float64 => new IsInKernel<double>(inputs),
        DType.Int32 => new IsInKernel<int>(inputs),
        DType.UInt8 => new IsInKernel<byte>(inputs),
        _ => new IsInKernel<long>(inputs),
    });

    private sealed unsafe class IsInKernel<T> : Kernel where T : unmanaged, INumber<T>
    {
        private readonly int _known;
        private readonly long _asked;

        public IsInKernel(IReadOnlyList<TensorType> inputs)
        {
            (_asked, _known) = (inputs[0].Shape.ElementCount, checked((int)inputs[1].Shape.ElementCount));
            ScratchBytes = Math.Max(1, inputs[1].Bytes);
        }

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var sorted = new Span<T>((void*)buffers[3], _known);
            new ReadOnlySpan<T>((void*)buffers[1], _known).CopyTo(sorted);
            sorted.Sort();
            for (var i = 0L; i < _asked; i++)
            {
                var x = ((T*)buffers[0])[i];
                ((bool*)buffers[2])[i] = !T.IsNaN(x) && sorted.BinarySearch(x) >= 0;
            }
        }
    }
}

/// <summary>Sets: the different elements of tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.IsIn"/>
    public static Value IsIn(this Value x, Value set) => x.Graph.Add(new IsIn(), [x, set]);

    /// <summary>The elements of x[n] that are not among those of y, in x's order and as often as they occur there, and their positions (Int64).</summary>
    public static (Value Values, Value Positions) ListDifference(this Value x, Value y)
    {
        var positions = (!x.IsIn(y)).NonZero().Squeeze(-1);
        return (x.Gather(positions), positions);
    }

    /// <summary>The different elements that are among both a's and b's, in order of size.</summary>
    public static Value Intersection(Value a, Value b)
    {
        var set = a.Unique().Values;
        return set.BooleanMask(set.IsIn(b));
    }

    /// <summary>The different elements of a and b together, in order of size.</summary>
    public static Value Union(Value a, Value b) => Concat([a.Reshape([-1]), b.Reshape([-1])], 0).Unique().Values;

    /// <summary>The different elements of a that are not among b's, in order of size.</summary>
    public static Value SetDifference(Value a, Value b) => a.Unique().Values.ListDifference(b).Values;

    /// <summary>The different elements that are among a's or b's but not both, in order of size.</summary>
    public static Value SymmetricDifference(Value a, Value b) => Concat([SetDifference(a, b), SetDifference(b, a)], 0).Sort().Values;
}
