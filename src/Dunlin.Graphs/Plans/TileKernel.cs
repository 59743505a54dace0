using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// Runs a little program of tile functions over all elements: a tile's intermediate results stay in the first-level cache, so a
/// chain of element-wise operations costs one pass over memory.
/// </summary>
internal sealed unsafe class TileKernel : Kernel, IParallelWork
{
    /// <summary>Below this many element-steps one thread is faster than waking another.</summary>
    private const long ParallelWork = 64 * 1024;

    private readonly TileProgram _program;
    private readonly long _count;
    private readonly bool _parallel;
    private nint* _buffers;

    /// <summary>Prepares the kernel.</summary>
    /// <param name="program">What to run.</param>
    /// <param name="count">Elements of every output.</param>
    /// <param name="threads">The team.</param>
    public TileKernel(TileProgram program, long count, ThreadTeam threads)
    {
        (_program, _count) = (program, count);
        _parallel = threads.Size > 1 && count * program.Length >= ParallelWork;
        ScratchBytes = (long)program.TemporaryBytes * (_parallel ? threads.Size : 1);
    }

    public override bool CanOverwrite(int input, int output) => _program.MayOverwrite(input, output);

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        _buffers = buffers;
        if (_parallel) threads.Run(this);
        else Execute(0, 1);
    }

    public void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_count, worker, workers, TileFunction.MaxLength);
        if (begin >= end) return;
        var registers = _program.Registers;
        var externals = _program.Externals;
        var addresses = stackalloc nint[registers.Length];
        _program.Place(_buffers, begin, _program.TemporaryBytes == 0 ? 0 : _buffers[externals] + (nint)worker * _program.TemporaryBytes, addresses);
        for (var at = begin; at < end; at += TileFunction.MaxLength)
        {
            var length = (int)Math.Min(TileFunction.MaxLength, end - at);
            _program.Run(addresses, length);
            for (var r = 0; r < externals; r++)
                if (!registers[r].IsScalar) addresses[r] += length * registers[r].ElementSize;
        }
    }

    /// <summary>Fills a tile with one element.</summary>
    internal static void Repeat(nint source, nint target, int elementSize)
    {
        switch (elementSize)
        {
            case 8: new Span<long>((void*)target, TileFunction.MaxLength).Fill(*(long*)source); break;
            case 4: new Span<int>((void*)target, TileFunction.MaxLength).Fill(*(int*)source); break;
            case 2: new Span<short>((void*)target, TileFunction.MaxLength).Fill(*(short*)source); break;
            default: new Span<byte>((void*)target, TileFunction.MaxLength).Fill(*(byte*)source); break;
        }
    }
}
