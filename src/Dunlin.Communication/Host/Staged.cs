using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A buffer where other processes see it: itself, if it lies in shared memory, else a copy.</summary>
/// <param name="Place">Where.</param>
/// <param name="Copy">The copy's address, or 0.</param>
/// <param name="Bytes">Of the copy.</param>
/// <param name="Own">Whether the copy is this one's to return.</param>
internal readonly record struct Staged(Place Place, nint Copy, long Bytes, bool Own)
{
    /// <param name="memory">Of the host.</param>
    /// <param name="buffer">What is to be seen.</param>
    /// <param name="copyIn">Whether its elements matter.</param>
    public static Staged Of(HostMemory memory, CommBuffer buffer, bool copyIn)
    {
        if (buffer.Bytes == 0) return default;
        if (memory.IsShared(buffer.Address, buffer.Bytes)) return new(memory.PlaceOf(buffer.Address), 0, 0, Own: false);
        var copy = memory.Pool.Rent(buffer.Bytes);
        if (copyIn) CollectiveWork.Copy(buffer.Address, copy, buffer.Bytes);
        return new(memory.PlaceOf(copy), copy, buffer.Bytes, Own: true);
    }

    /// <summary>The output that goes with an input. A part in its place of the whole stays there.</summary>
    public static Staged Output(HostMemory memory, CommBuffer input, CommBuffer output, Staged staged) =>
        staged.Copy != 0 && CommBuffers.Overlap(input, output) && output.Bytes <= input.Bytes
            ? new(memory.PlaceOf(staged.Copy + (output.Address - input.Address)), staged.Copy + (output.Address - input.Address), output.Bytes, Own: false)
            : Of(memory, output, copyIn: false);

    /// <summary>Brings the copy's elements to the buffer.</summary>
    public void CopyOut(CommBuffer buffer)
    {
        if (Copy != 0) CollectiveWork.Copy(Copy, buffer.Address, buffer.Bytes);
    }

    public void Return(HostMemory memory)
    {
        if (Copy != 0 && Own) memory.Pool.Return(Copy, Bytes);
    }
}
