using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Along a dimension, y[t] = log Σ exp(x[s]) over s from 0 to t, computed without overflow: y[t] = log(exp(y[t − 1]) + exp(x[t])).</summary>
/// <remarks>Gradient: g[t] · exp(x[t] − y[t]) with the recurrence g[t] = dy[t] + exp(y[t] − y[t + 1]) · g[t + 1].</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Backward">Whether to go from the last element to the first.</param>
public sealed record CumulativeLogSumExp(int Axis, bool Backward) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (!inputs[0].Type.IsFloat()) throw Mismatch(inputs, "takes floating-point numbers.");
        return Along.Fits(Axis, inputs[0].Shape) ? [inputs[0]] : throw Mismatch(inputs, $"there is no dimension {Axis}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new RunningKernel<double>(this, inputs[0].Shape)
        : new RunningKernel<float>(this, inputs[0].Shape));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        node.Graph.AddNode(this with { Axis = Batching.Axis(Axis) }, [inputs[0].Value]).Outputs;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, y, dy) = (node.Inputs[0], node.Outputs[0], outputGradients[0]!);
        // Of two −∞ the difference would be NaN. The factor that comes in at the end is never used, but has to be finite.
        var real = y > double.NegativeInfinity;
        var finite = Operations.Select(real, y, y.ZerosLike());
        var factors = (finite - finite.Roll(Backward ? 1 : -1, Axis)).Minimum(y.Number(0)).Exp();
        var g = Operations.LinearRecurrence(factors, dy, Axis, backward: !Backward);
        return [g * Operations.Select(real, (x - finite).Exp(), y.ZerosLike())];
    }

    private sealed unsafe class RunningKernel<T>(CumulativeLogSumExp cumulative, Shape shape) : ParallelKernel(shape.ElementCount * 8) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(cumulative.Axis, shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var (begin, end) = ThreadTeam.Share((long)outer * inner, worker, workers);
            for (var line = begin; line < end; line++)
            {
                var at = line / inner * inner * length + line % inner + (cumulative.Backward ? (long)(length - 1) * inner : 0);
                var step = cumulative.Backward ? -inner : inner;
                var total = T.NegativeInfinity;
                for (var t = 0; t < length; t++, at += step) Operand<T>(1)[at] = total = Join(total, Operand<T>(0)[at]);
            }
        }

        private static T Join(T a, T b)
        {
            var (low, high) = a < b ? (a, b) : (b, a);
            // Infinite or NaN: the difference might be NaN where the sum is not.
            return T.IsInfinity(high) || low == T.NegativeInfinity ? T.IsNaN(low) ? low : high : high + T.LogP1(T.Exp(low - high));
        }
    }
}

/// <summary>Running sums of exponentials.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.CumulativeLogSumExp"/>
    public static Value CumLogSumExp(this Value x, int axis, bool backward = false) => x.Graph.Add(new CumulativeLogSumExp(axis, backward), [x]);
}
