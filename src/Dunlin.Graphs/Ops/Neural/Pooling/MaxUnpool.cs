using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Zeros [N, C, Size…] to which x[N, C, T…] is added at the places (Int32 or Int64, of x's shape, row-major within a plane) that a pooling such as
/// <see cref="MaxPoolWithIndices"/> gave: its approximate inverse. Elements that share a place add up. All floating-point types.
/// </summary>
/// <remarks>Gradient: the elements of dy at the places.</remarks>
/// <param name="Size">The spatial lengths of the output.</param>
/// <exception cref="DunlinException">A place is outside the output when it runs; the message names it and where it stood.</exception>
public sealed record MaxUnpool(Shape Size) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank is < 3 or > 5 || Size.Rank != x.Rank - 2 || !Size.IsKnown) throw Mismatch(inputs, $"takes floating-point x[N, C, T…] with 1 to 3 spatial dimensions and as many lengths in the size {Size}.");
        if (inputs[1].Type is not (DType.Int32 or DType.Int64) || !x.Accepts(inputs[1].Shape)) throw Mismatch(inputs, "the places are Int32 or Int64 of x's shape.");
        return [new(type, x[..2].Append(Size.Dimensions))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
        ? new UnpoolKernel<double>(inputs[1], outputs[0].Shape)
        : new UnpoolKernel<float>(inputs[1], outputs[0].Shape));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [Places.Take(outputGradients[0]!, node.Inputs[1]), null];

    private sealed unsafe class UnpoolKernel<T>(TensorType places, Shape y) : ParallelKernel(y.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly RowNumbers _places = new("MaxUnpool", "place", places, checked((int)y[2..].ElementCount));
        private readonly long _positions = places.Shape[2..].ElementCount;
        private readonly long _elements = y[2..].ElementCount;

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(y[..2].ElementCount, worker, workers);
            for (var plane = begin; plane < end; plane++)
            {
                var target = Operand<T>(2) + plane * _elements;
                NativeMemory.Clear(target, (nuint)(_elements * sizeof(T)));
                for (var at = plane * _positions; at < (plane + 1) * _positions; at++) target[_places.At(Buffers[1], at)] += Operand<T>(0)[at];
            }
        }
    }
}
