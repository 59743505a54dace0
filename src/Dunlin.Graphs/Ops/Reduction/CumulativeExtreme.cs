using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The largest (or smallest) element so far along a dimension, and where it stands: of x[…, n, …] values in its type and shape and Int64
/// indices. Of equals the first; NaN from the first NaN on.
/// </summary>
/// <remarks>Gradient: dvalues added in the places where they stood.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Smallest">Whether to keep the smallest.</param>
/// <param name="Backward">Whether to go from the last element to the first.</param>
public sealed record CumulativeExtreme(int Axis, bool Smallest, bool Backward) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (inputs[0].Type == DType.Bool) throw Mismatch(inputs, "is not defined for Bool; Cast first.");
        return Along.Fits(Axis, inputs[0].Shape) ? [inputs[0], inputs[0] with { Type = DType.Int64 }] : throw Mismatch(inputs, $"there is no dimension {Axis}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type switch
    {
        DType.Float32 => new RunningKernel<float>(this, inputs[0].Shape),
        DType.Float64 => new RunningKernel<double>(this, inputs[0].Shape),
        DType.Int32 => new RunningKernel<int>(this, inputs[0].Shape),
        DType.UInt8 => new RunningKernel<byte>(this, inputs[0].Shape),
        _ => new RunningKernel<long>(this, inputs[0].Shape),
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        node.Graph.AddNode(this with { Axis = Batching.Axis(Axis) }, [inputs[0].Value]).Outputs;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0] is { } dy ? node.Graph.Add(new PutAlong(Axis), [dy, node.Outputs[1], node.Inputs[0]]) : null];

    private sealed unsafe class RunningKernel<T>(CumulativeExtreme cumulative, Shape shape) : ParallelKernel(shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(cumulative.Axis, shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var (begin, end) = ThreadTeam.Share((long)outer * inner, worker, workers);
            for (var line = begin; line < end; line++)
            {
                var start = line / inner * inner * length + line % inner;
                var best = cumulative.Backward ? length - 1 : 0;
                for (var t = 0; t < length; t++)
                {
                    var i = cumulative.Backward ? length - 1 - t : t;
                    T x = Operand<T>(0)[start + (long)i * inner], leader = Operand<T>(0)[start + (long)best * inner];
                    if (!T.IsNaN(leader) && (T.IsNaN(x) || (cumulative.Smallest ? x < leader : x > leader))) (best, leader) = (i, x);
                    Operand<T>(1)[start + (long)i * inner] = leader;
                    Operand<long>(2)[start + (long)i * inner] = best;
                }
            }
        }
    }
}

/// <summary>Running extremes.</summary>
public static partial class Operations
{
    /// <summary>The largest element so far along a dimension, and where it stands; see <see cref="CumulativeExtreme"/>.</summary>
    public static (Value Values, Value Indices) CumMax(this Value x, int axis, bool backward = false) => Running(x, new(axis, Smallest: false, backward));

    /// <summary>The smallest element so far along a dimension, and where it stands; see <see cref="CumulativeExtreme"/>.</summary>
    public static (Value Values, Value Indices) CumMin(this Value x, int axis, bool backward = false) => Running(x, new(axis, Smallest: true, backward));

    private static (Value, Value) Running(Value x, CumulativeExtreme operation)
    {
        var outputs = x.Graph.AddNode(operation, [x]).Outputs;
        return (outputs[0], outputs[1]);
    }
}
