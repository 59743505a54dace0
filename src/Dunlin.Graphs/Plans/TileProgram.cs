using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Plans;

/// <summary>A little program of tile functions over registers: operands from outside first, then temporary tiles that stay in the first-level cache.</summary>
internal sealed unsafe class TileProgram
{
    private readonly Step[] _steps;
    private readonly Register[] _registers;

    /// <summary>Decides where the temporary tiles lie.</summary>
    /// <param name="steps">The functions in order; their operands index <paramref name="registers"/>.</param>
    /// <param name="registers">Inputs, then outputs, then temporaries.</param>
    /// <param name="inputs">How many registers are inputs.</param>
    /// <param name="outputs">How many are outputs.</param>
    public TileProgram(Step[] steps, Register[] registers, int inputs, int outputs)
    {
        (_steps, _registers, Inputs, Externals) = (steps, registers, inputs, inputs + outputs);
        foreach (ref var register in registers.AsSpan())
        {
            if (!register.NeedsTile) continue;
            register.TileOffset = TemporaryBytes;
            TemporaryBytes += TileFunction.MaxLength * register.ElementSize;
        }
    }

    /// <summary>How many registers are inputs.</summary>
    public int Inputs { get; }

    /// <summary>How many registers are inputs or outputs.</summary>
    public int Externals { get; }

    /// <summary>All registers.</summary>
    public ReadOnlySpan<Register> Registers => _registers;

    /// <summary>How many functions there are.</summary>
    public int Length => _steps.Length;

    /// <summary>Bytes of working memory for each thread.</summary>
    public int TemporaryBytes { get; }

    /// <summary>Whether an output may be written over an input's elements.</summary>
    public bool MayOverwrite(int input, int output) => !_registers[input].IsScalar && _registers[input].ElementSize == _registers[Inputs + output].ElementSize
        && Array.FindLastIndex(_steps, s => s.Operands.AsSpan(..^1).Contains(input)) <= Array.FindIndex(_steps, s => s.Operands[^1] == Inputs + output);

    /// <summary>Finds the registers' addresses for elements from a place on; a scalar that needs it is repeated along its tile.</summary>
    /// <param name="operands">The addresses of inputs and outputs.</param>
    /// <param name="begin">The place.</param>
    /// <param name="temporaries">The thread's working memory.</param>
    /// <param name="addresses">One for each register, to be filled.</param>
    public void Place(nint* operands, long begin, nint temporaries, nint* addresses)
    {
        for (var r = 0; r < _registers.Length; r++)
        {
            ref var register = ref _registers[r];
            addresses[r] = r < Externals && !register.NeedsTile
                ? operands[r] + (register.IsScalar ? 0 : (nint)begin * register.ElementSize)
                : temporaries + register.TileOffset;
            if (r < Externals && register.NeedsTile) TileKernel.Repeat(operands[r], addresses[r], register.ElementSize);
        }
    }

    /// <summary>Runs all functions on a tile.</summary>
    /// <param name="addresses">Where each register's tile begins.</param>
    /// <param name="length">At most <see cref="TileFunction.MaxLength"/>.</param>
    public void Run(nint* addresses, int length)
    {
        var operands = stackalloc nint[8];
        foreach (var step in _steps)
        {
            for (var i = 0; i < step.Operands.Length; i++) operands[i] = addresses[step.Operands[i]];
            step.Function.Run(operands, length);
        }
    }

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
