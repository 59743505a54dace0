using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The shape to which two shapes broadcast, each given by its lengths: a[r] and b[s] (Int64) give Int64[max(r, s)]. Shapes that do not broadcast are an error when it runs.</summary>
public sealed record BroadcastShape : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its inputs are integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs.All(i => i.Type == DType.Int64 && i.Shape.Rank == 1 && i.Shape.IsKnown)
            ? [new(DType.Int64, [Math.Max(inputs[0].Shape[0], inputs[1].Shape[0])])]
            : throw Mismatch(inputs, "takes two vectors of Int64 of known length.");
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Shapes are the same for all examples.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new ShapeKernel(context.Inputs[0].Shape[0], context.Inputs[1].Shape[0]);

    private sealed unsafe class ShapeKernel(int first, int second) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads)
        {
            long* a = (long*)buffers[0], b = (long*)buffers[1];
            var rank = Math.Max(first, second);
            for (var i = 1; i <= rank; i++)
            {
                var (x, y) = (i <= first ? a[first - i] : 1, i <= second ? b[second - i] : 1);
                if (x != y && x != 1 && y != 1) throw new DunlinException($"BroadcastShape: the lengths {x} and {y} of dimension {rank - i} are neither equal nor 1.");
                ((long*)buffers[2])[rank - i] = x == 1 ? y : x;
            }
        }
    }
}

/// <summary>Shapes.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.BroadcastShape"/>
    public static Value BroadcastShape(Value a, Value b) => a.Graph.Add(new BroadcastShape(), [a, b]);
}
