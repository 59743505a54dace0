namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// Gives a kernel of 16-bit tensors those operands in Float32 that the library wants so and its caller has in 16 bits: scales, shifts and statistics of normalisations, [C] or [rows] each.
/// </summary>
internal sealed unsafe class Float32Operands : Kernel
{
    private const int Alignment = 64;

    private readonly Kernel _inner;
    private readonly DType _type;
    private readonly int _operands;
    private readonly int _inputs;
    private readonly (int Operand, int Count, long Offset)[] _wide;

    private Float32Operands(Kernel inner, DType type, int operands, int inputs, (int Operand, int Count, long Offset)[] wide, long scratchBytes)
    {
        (_inner, _type, _operands, _inputs, _wide) = (inner, type, operands, inputs, wide);
        (InputLayouts, OutputLayouts, ScratchBytes) = (inner.InputLayouts, inner.OutputLayouts, scratchBytes);
    }

    /// <summary>The kernel itself where the library wants no operand in Float32 but those that it is given so.</summary>
    /// <param name="inner">Takes what <paramref name="forms"/> say.</param>
    /// <param name="spec">Says in which type each operand is given.</param>
    /// <param name="forms">Of the inputs, then of the outputs; Float32 ones are plain.</param>
    /// <param name="inputs">How many of them are inputs.</param>
    public static Kernel Around(Kernel inner, KernelSpec spec, IReadOnlyList<MemoryForm> forms, int inputs)
    {
        var wide = new List<(int, int, long)>();
        var offset = Align(inner.ScratchBytes);
        for (var i = 0; i < forms.Count; i++)
        {
            if (forms[i].Type != DataType.Float32 || spec.IsWide(i)) continue;
            wide.Add((i, checked((int)forms[i].ElementCount), offset));
            offset += Align(forms[i].ElementCount * sizeof(float));
        }
        return wide.Count == 0 ? inner : new Float32Operands(inner, spec.Type, forms.Count, inputs, [.. wide], offset);
    }

    public override bool CanOverwrite(int input, int output) => _inner.CanOverwrite(input, output);

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var passed = stackalloc nint[_operands + 1];
        new ReadOnlySpan<nint>(buffers, _operands + 1).CopyTo(new(passed, _operands + 1));
        foreach (var (operand, count, offset) in _wide)
        {
            passed[operand] = buffers[_operands] + (nint)offset;
            if (operand < _inputs) HalfPrecision.Widen(_type, buffers[operand], new((void*)passed[operand], count));
        }
        _inner.Run(passed, threads);
        foreach (var (operand, count, _) in _wide)
            if (operand >= _inputs) HalfPrecision.Narrow(_type, new((void*)passed[operand], count), buffers[operand]);
    }

    public override void Dispose()
    {
        _inner.Dispose();
        base.Dispose();
    }

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
