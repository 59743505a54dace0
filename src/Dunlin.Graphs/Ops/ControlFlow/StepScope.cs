using System.Runtime.InteropServices;

namespace Dunlin.Graphs.Ops;

/// <summary>A run of a step on this thread. What lives for a step is freed when the outermost one ends: lists and their elements.</summary>
internal static class StepScope
{
    private const long LargestBlock = 64 * 1024;

    [ThreadStatic]
    private static int _depth;
    [ThreadStatic]
    private static List<GCHandle>? _kept;
    [ThreadStatic]
    private static List<NativeBuffer>? _blocks;
    [ThreadStatic]
    private static long _used;
    [ThreadStatic]
    private static long _bytes;

    /// <summary>Bytes of the elements of all lists of the step on this thread, or of the last one that has ended.</summary>
    public static long ElementBytes => _bytes;

    public static void Enter()
    {
        if (_depth++ == 0) _bytes = 0;
    }

    public static void Leave()
    {
        if (--_depth > 0) return;
        _blocks?.Clear();
        if (_kept is not { Count: > 0 } kept) return;
        foreach (var handle in kept) handle.Free();
        kept.Clear();
    }

    /// <summary>Keeps an object alive until the step ends.</summary>
    public static nint Keep(object value)
    {
        RequireStep();
        var handle = GCHandle.Alloc(value);
        (_kept ??= []).Add(handle);
        return GCHandle.ToIntPtr(handle);
    }

    /// <summary>Memory for an element of a list until the step ends, aligned to 64 bytes; its contents are arbitrary.</summary>
    public static nint Allocate(long bytes)
    {
        RequireStep();
        _bytes += bytes;
        var (blocks, rounded) = (_blocks ??= [], (bytes + 63) & -64);
        if (blocks.Count == 0 || _used > blocks[^1].Capacity - rounded)
        {
            blocks.Add(NativeBuffer.Rent(Math.Max(rounded, Math.Min(LargestBlock, 1024L << Math.Min(blocks.Count, 16)))));
            _used = 0;
        }
        var address = blocks[^1].Address + (nint)_used;
        _used += rounded;
        return address;
    }

    private static void RequireStep()
    {
        if (_depth == 0) throw new InvalidOperationException("There is no step.");
    }
}
