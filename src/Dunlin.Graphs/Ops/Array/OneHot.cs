using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Class numbers [n…] (Int32 or Int64) as rows [n…, depth] with a 1 in their place and 0 elsewhere. A number outside 0 to depth − 1 is an error when it runs.</summary>
/// <param name="Depth">The length of a row, at least 1.</param>
/// <param name="Type">The element type of the rows.</param>
public sealed record OneHot(int Depth, DType Type) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its input is made of integers.";

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (inputs[0].Type is not (DType.Int32 or DType.Int64)) throw Mismatch(inputs, "takes class numbers of Int32 or Int64.");
        return Depth >= 1 ? [new(Type, inputs[0].Shape.Append(Depth))] : throw Mismatch(inputs, $"the depth is at least 1, and known; got {Depth}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new OneHotKernel(context.Inputs[0], context.Outputs[0].Bytes, Depth, Scalars.Make(1, Type));

    private sealed unsafe class OneHotKernel(TensorType labels, long bytes, int depth, Tensor one) : Kernel
    {
        private readonly RowNumbers _labels = new("OneHot", "class number", labels, depth);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            System.Runtime.InteropServices.NativeMemory.Clear((void*)buffers[1], (nuint)bytes);
            for (var i = 0L; i < _labels.Count; i++)
                Buffer.MemoryCopy((void*)one.Address, (byte*)buffers[1] + (i * depth + _labels.At(buffers[0], i)) * one.Bytes, one.Bytes, one.Bytes);
        }
    }
}

/// <summary>Class numbers as rows.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.OneHot"/>
    public static Value OneHot(this Value labels, int depth, DType type = DType.Float32) => labels.Graph.Add(new OneHot(depth, type), [labels]);
}
