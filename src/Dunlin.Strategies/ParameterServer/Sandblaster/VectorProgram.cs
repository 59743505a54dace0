using System.Runtime.InteropServices;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>What a server does with the vectors of which it has a part, one row of numbers each: so it travels as a matrix.</summary>
internal enum VectorOperation
{
    /// <summary>target ← α · a + β · b.</summary>
    Combine,
    /// <summary>Gives ⟨a, b⟩ over the server's part.</summary>
    Dot,
    /// <summary>The pieces of an evaluation are to be computed, a of them, giving b numbers each; their gradients are added up in the target. The weights are now those at which they are.</summary>
    Evaluate,
    /// <summary>Gives the sums of the pieces' numbers.</summary>
    Measure,
    /// <summary>Gives how many evaluations were begun.</summary>
    Count,
    /// <summary>There are no pieces any more.</summary>
    End,
}

/// <summary>Operations that are done one after the other; it can be used again after <see cref="Clear"/>.</summary>
internal sealed class VectorProgram
{
    /// <summary>Numbers of a row: the operation, the target, a, α, b, β.</summary>
    public const int Columns = 6;

    /// <summary>More than any step of a search has.</summary>
    public const int MostRows = 4096;

    private readonly List<double> _rows = [];

    public bool IsEmpty => _rows.Count == 0;

    public void Combine(int target, double alpha, int a, double beta, int b) => Add(VectorOperation.Combine, target, a, alpha, b, beta);

    public void Dot(int a, int b) => Add(VectorOperation.Dot, 0, a, 0, b, 0);

    public void Evaluate(int gradient, int pieces, int measures) => Add(VectorOperation.Evaluate, gradient, pieces, 0, measures, 0);

    public void Measure(int measures) => Add(VectorOperation.Measure, 0, 0, 0, measures, 0);

    public void Count() => Add(VectorOperation.Count, 0, 0, 0, 0, 0);

    public void End() => Add(VectorOperation.End, 0, 0, 0, 0, 0);

    /// <summary>The rows [n, 6], Float64.</summary>
    public Tensor ToTensor() => Tensor.From([.. _rows], [_rows.Count / Columns, Columns]);

    public void Clear() => _rows.Clear();

    /// <summary>Reads a program.</summary>
    public static ReadOnlySpan<Row> Read(Tensor program) => MemoryMarshal.Cast<double, Row>(program.Span<double>());

    /// <summary>How many numbers a program gives that may have come from anywhere.</summary>
    public static int ResultsOf(Tensor program)
    {
        var count = 0;
        foreach (var row in Read(program))
            count += row.Operation switch
            {
                VectorOperation.Dot or VectorOperation.Count => 1,
                VectorOperation.Measure => (int)Math.Clamp(row.B, 0, SandblasterDiscipline.MostMeasures),
                _ => 0,
            };
        return count;
    }

    private void Add(VectorOperation operation, int target, int a, double alpha, int b, double beta) => _rows.AddRange([(double)operation, target, a, alpha, b, beta]);

    /// <summary>A row as it stands in the matrix.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct Row(double Code, double Target, double A, double Alpha, double B, double Beta)
    {
        public VectorOperation Operation => (VectorOperation)(int)Code;
    }
}
