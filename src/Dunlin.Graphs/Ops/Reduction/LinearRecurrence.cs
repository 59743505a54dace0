using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Along a dimension of a and b, which have one shape and floating-point type: h[t] = a[t] · h[t − 1] + b[t], with h = 0 before the
/// first step (whose factor does not matter). With b in place of a running sum's terms it forgets; with 0 and 1 for a it starts anew.
/// </summary>
/// <remarks>Gradients: g[t] = dh[t] + a[t + 1] · g[t + 1], a recurrence from the other end, for b; g[t] · h[t − 1] for a. No division, so zeros do no harm.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Exclusive">Whether the output is h[t − 1] in the place of h[t].</param>
/// <param name="Backward">Whether to go from the last element to the first.</param>
public sealed record LinearRecurrence(int Axis, bool Exclusive, bool Backward) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (inputs[0].Type != inputs[1].Type || !inputs[0].Type.IsFloat() || !inputs[0].Shape.Accepts(inputs[1].Shape))
            throw Mismatch(inputs, "takes factors and terms of one shape and floating-point type.");
        return Along.Fits(Axis, inputs[0].Shape) ? [inputs[0].Shape.IsKnown ? inputs[0] : inputs[1]] : throw Mismatch(inputs, $"there is no dimension {Axis}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new RecurrenceKernel<double>(this, inputs[0].Shape)
        : new RecurrenceKernel<float>(this, inputs[0].Shape));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, b, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        // The factor by which step t + 1 multiplies h[t] stands one place further on; the one that comes in at the end is never used.
        var g = Exclusive
            ? node.Graph.Add(this with { Backward = !Backward }, [a, dy])
            : node.Graph.Add(this with { Backward = !Backward }, [a.Roll(Backward ? 1 : -1, Axis), dy]);
        var before = Exclusive ? node.Outputs[0] : node.Graph.Add(this with { Exclusive = true }, [a, b]);
        return [g * before, g];
    }

    private sealed unsafe class RecurrenceKernel<T>(LinearRecurrence recurrence, Shape shape) : ParallelKernel(shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly (int Outer, int Length, int Inner) _sizes = Along.Sizes(recurrence.Axis, shape);

        public override void Execute(int worker, int workers)
        {
            var (outer, length, inner) = _sizes;
            var (begin, end) = ThreadTeam.Share((long)outer * inner, worker, workers);
            T* a = Operand<T>(0), b = Operand<T>(1), y = Operand<T>(2);
            for (var line = begin; line < end; line++)
            {
                var at = line / inner * inner * length + line % inner + (recurrence.Backward ? (long)(length - 1) * inner : 0);
                var step = recurrence.Backward ? -inner : inner;
                var h = T.Zero;
                for (var t = 0; t < length; t++, at += step)
                {
                    var next = t == 0 ? b[at] : a[at] * h + b[at];
                    y[at] = recurrence.Exclusive ? h : next;
                    h = next;
                }
            }
        }
    }
}

/// <summary>Recurrences.</summary>
public static partial class Operations
{
    /// <summary>h[t] = a[t] · h[t − 1] + b[t] along a dimension; see <see cref="Ops.LinearRecurrence"/>.</summary>
    /// <param name="a">The factors.</param>
    /// <param name="b">The terms, in the same shape.</param>
    /// <param name="axis">The dimension; a negative one counts from the last.</param>
    /// <param name="exclusive">Whether the result is h[t − 1] in the place of h[t].</param>
    /// <param name="backward">Whether to go from the last element to the first.</param>
    public static Value LinearRecurrence(Value a, Value b, int axis, bool exclusive = false, bool backward = false) =>
        a.Graph.Add(new LinearRecurrence(axis, exclusive, backward), [a, b]);
}
