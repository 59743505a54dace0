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

    private readonly Step[] _steps;
    private readonly Register[] _registers;
    private readonly long _count;
    private readonly int _externals;
    private readonly int _temporaryBytes;
    private readonly bool[,] _mayOverwrite;
    private readonly bool _parallel;
    private nint* _buffers;

    /// <summary>Prepares the program.</summary>
    /// <param name="steps">The functions in order; their operands index <paramref name="registers"/>.</param>
    /// <param name="registers">Inputs, then outputs, then temporaries.</param>
    /// <param name="inputs">How many registers are inputs.</param>
    /// <param name="outputs">How many are outputs.</param>
    /// <param name="count">Elements of every output.</param>
    /// <param name="threads">The team.</param>
    public TileKernel(Step[] steps, Register[] registers, int inputs, int outputs, long count, ThreadTeam threads)
    {
        _steps = steps;
        _registers = registers;
        _count = count;
        _externals = inputs + outputs;
        foreach (ref var register in _registers.AsSpan())
        {
            if (!register.NeedsTile) continue;
            register.TileOffset = _temporaryBytes;
            _temporaryBytes += TileFunction.MaxLength * register.ElementSize;
        }
        _parallel = threads.Size > 1 && count * steps.Length >= ParallelWork;
        ScratchBytes = (long)_temporaryBytes * (_parallel ? threads.Size : 1);
        _mayOverwrite = new bool[inputs, outputs];
        for (var i = 0; i < inputs; i++)
            for (var o = 0; o < outputs; o++)
                _mayOverwrite[i, o] = !registers[i].IsScalar && registers[i].ElementSize == registers[inputs + o].ElementSize && LastRead(i) <= FirstWrite(inputs + o);
    }

    public override bool CanOverwrite(int input, int output) => _mayOverwrite[input, output];

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
        var temporaries = _temporaryBytes == 0 ? 0 : _buffers[_externals] + (nint)worker * _temporaryBytes;
        var addresses = stackalloc nint[_registers.Length];
        var operands = stackalloc nint[8];
        for (var r = 0; r < _registers.Length; r++)
        {
            ref var register = ref _registers[r];
            addresses[r] = r < _externals && !register.NeedsTile
                ? _buffers[r] + (register.IsScalar ? 0 : (nint)begin * register.ElementSize)
                : temporaries + register.TileOffset;
            if (r < _externals && register.NeedsTile) Repeat(_buffers[r], addresses[r], register.ElementSize);
        }
        for (var at = begin; at < end; at += TileFunction.MaxLength)
        {
            var length = (int)Math.Min(TileFunction.MaxLength, end - at);
            foreach (var step in _steps)
            {
                for (var i = 0; i < step.Operands.Length; i++) operands[i] = addresses[step.Operands[i]];
                step.Function.Run(operands, length);
            }
            for (var r = 0; r < _externals; r++)
                if (!_registers[r].IsScalar) addresses[r] += length * _registers[r].ElementSize;
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

    private int LastRead(int register) => Array.FindLastIndex(_steps, s => s.Operands.AsSpan(..^1).Contains(register));

    private int FirstWrite(int register) => Array.FindIndex(_steps, s => s.Operands[^1] == register);

    /// <summary>One function and its registers: inputs, then the output.</summary>
    internal readonly record struct Step(TileFunction Function, int[] Operands);

    /// <summary>A place that steps read or write: an operand of the kernel or a temporary tile.</summary>
    internal struct Register
    {
        public int ElementSize;
        public bool IsScalar;
        /// <summary>Whether it lives in (or, for a scalar, is repeated along) a tile of working memory.</summary>
        public bool NeedsTile;
        public int TileOffset;
    }
}
