using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>Gives a kernel only the first of an operation's inputs; the others are there for their shapes.</summary>
internal sealed unsafe class LeadingInputs : Kernel
{
    private readonly Kernel _inner;
    private readonly int _read;
    private readonly int _given;
    private readonly int _rest;

    public LeadingInputs(Kernel inner, int read, int given, int outputs)
    {
        (_inner, _read, _given, _rest) = (inner, read, given, outputs + 1);
        InputLayouts = [.. Enumerable.Range(0, given).Select(i => i < read ? inner.InputLayout(i) : MemoryLayout.Plain)];
        OutputLayouts = [.. Enumerable.Range(0, outputs).Select(inner.OutputLayout)];
        (ScratchBytes, Flops) = (inner.ScratchBytes, inner.Flops);
    }

    public override bool CanOverwrite(int input, int output) => input < _read && _inner.CanOverwrite(input, output);

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var passed = stackalloc nint[_read + _rest];
        for (var i = 0; i < _read; i++) passed[i] = buffers[i];
        for (var i = 0; i < _rest; i++) passed[_read + i] = buffers[_given + i];
        _inner.Run(passed, threads);
    }

    public override void Dispose()
    {
        _inner.Dispose();
        base.Dispose();
    }
}
