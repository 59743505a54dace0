using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Where the largest (or smallest) element along a dimension stands: Int64, the first of equals, NaN before all numbers. The dimension goes.
/// </summary>
/// <param name="Axis">The dimension; a negative one counts from the last. Its length is at least 1.</param>
/// <param name="Smallest">Whether to look for the smallest.</param>
public sealed record ArgExtreme(int Axis, bool Smallest) : Operation
{
    /// <inheritdoc/>
    public override string Name => Smallest ? "ArgMin" : "ArgMax";

    /// <inheritdoc/>
    public override string? NoGradientReason => "A place does not change smoothly.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (type == DType.Bool) throw Mismatch(inputs, "is not defined for Bool; Cast first.");
        if (!Along.Fits(Axis, x)) throw Mismatch(inputs, $"there is no dimension {Axis}.");
        var axis = Axis < 0 ? Axis + x.Rank : Axis;
        if (x[axis] == 0) throw Mismatch(inputs, $"dimension {axis} is empty, so none of its elements is the largest or smallest.");
        return [new(DType.Int64, x[..axis].Append(x.Dimensions[(axis + 1)..]))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type switch
    {
        DType.Float32 => new ArgKernel<float>(inputs[0].Shape, Axis, Smallest),
        DType.Float64 => new ArgKernel<double>(inputs[0].Shape, Axis, Smallest),
        DType.Int32 => new ArgKernel<int>(inputs[0].Shape, Axis, Smallest),
        DType.UInt8 => new ArgKernel<byte>(inputs[0].Shape, Axis, Smallest),
        _ => new ArgKernel<long>(inputs[0].Shape, Axis, Smallest),
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, [inputs[0].Value])];

    private sealed unsafe class ArgKernel<T>(Shape shape, int axis, bool smallest) : ParallelKernel(shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(axis, shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var (begin, end) = ThreadTeam.Share((long)outer * inner, worker, workers);
            for (var i = begin; i < end; i++)
            {
                var x = Operand<T>(0) + i / inner * inner * length + i % inner;
                var best = 0;
                for (var l = 1; l < length && !T.IsNaN(x[(long)best * inner]); l++)
                {
                    var (candidate, leader) = (x[(long)l * inner], x[(long)best * inner]);
                    if (T.IsNaN(candidate) || (smallest ? candidate < leader : candidate > leader)) best = l;
                }
                Operand<long>(1)[i] = best;
            }
        }
    }
}

/// <summary>Places of extremes.</summary>
public static partial class Operations
{
    /// <summary>Where the largest element along a dimension stands; see <see cref="ArgExtreme"/>.</summary>
    public static Value ArgMax(this Value x, int axis = -1, bool keepDimension = false) => Place(x, axis, smallest: false, keepDimension);

    /// <summary>Where the smallest element along a dimension stands; see <see cref="ArgExtreme"/>.</summary>
    public static Value ArgMin(this Value x, int axis = -1, bool keepDimension = false) => Place(x, axis, smallest: true, keepDimension);

    private static Value Place(Value x, int axis, bool smallest, bool keep)
    {
        var place = x.Graph.Add(new ArgExtreme(axis, smallest), [x]);
        return keep ? place.ExpandDims(axis) : place;
    }
}
