using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Batched matrix product: each matrix of the batch is cut into a grid of parts, and the parts are dealt to the threads.</summary>
internal sealed unsafe class MatMulKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly Gemm<T> Gemm = Gemm<T>.Instance;

    private readonly MatMulSpec _spec;
    private readonly int _rowParts, _columnParts;
    private readonly long _scratch;
    private readonly bool _byDots;

    public MatMulKernel(MatMulSpec spec, int threads) : base((double)spec.Batch * spec.M * spec.N * (spec.K + 1) / 16)
    {
        _spec = spec;
        (_rowParts, _columnParts) = threads == 1 || spec.Batch % threads == 0 || spec.Batch >= 8 * threads ? (1, 1)
            : Grid(spec, threads);
        // Packing a transposed B would cost more than so few rows gain from it.
        _byDots = spec is { TransposeA: false, TransposeB: true, M: <= 2 } || spec is { TransposeA: false, N: 1 };
        _scratch = _byDots ? 0 : Gemm.ScratchElements(spec.M, spec.N, spec.K);
        ScratchBytes = _scratch * threads * sizeof(T);
    }

    public override void Execute(int worker, int workers)
    {
        var parts = _rowParts * _columnParts;
        var (begin, end) = ThreadTeam.Share((long)_spec.Batch * parts, worker, workers);
        for (var task = begin; task < end; task++) Part((nint)(task / parts), (int)(task % parts), worker);
    }

    private void Part(nint matrix, int part, int worker)
    {
        var s = _spec;
        var (row, rowEnd) = ThreadTeam.Share(s.M, part / _columnParts, _rowParts, Gemm.TileRows);
        var (column, columnEnd) = ThreadTeam.Share(s.N, part % _columnParts, _columnParts, Gemm.TileColumns);
        if (row == rowEnd || column == columnEnd) return;
        var operands = new GemmOperands<T>
        {
            M = (int)(rowEnd - row),
            N = (int)(columnEnd - column),
            K = s.K,
            ARow = s.TransposeA ? 1 : s.K,
            AStep = s.TransposeA ? s.M : 1,
            BStep = s.TransposeB ? 1 : s.N,
            BColumn = s.TransposeB ? s.K : 1,
            CRow = s.N,
            ColumnBias = s.Bias ? Buffer<T>(2) + column : null,
            Relu = s.Activation == Activation.Relu,
        };
        operands.A = Buffer<T>(0) + matrix * s.M * s.K + (nint)row * operands.ARow;
        operands.B = Buffer<T>(1) + matrix * s.K * s.N + (nint)column * operands.BColumn;
        var output = s.Bias ? 3 : 2;
        operands.C = Buffer<T>(output) + matrix * s.M * s.N + (nint)row * s.N + (nint)column;
        if (_byDots) Dots(operands);
        else Gemm.Multiply(operands, Buffer<T>(output + 1) + worker * _scratch);
    }

    private static void Dots(in GemmOperands<T> o)
    {
        for (var n = 0; n < o.N; n++)
            for (var m = 0; m < o.M; m++)
            {
                var sum = TensorPrimitives.Dot(new ReadOnlySpan<T>(o.A + m * o.ARow, o.K), new ReadOnlySpan<T>(o.B + n * o.BColumn, o.K));
                if (o.ColumnBias != null) sum += o.ColumnBias[n];
                o.C[m * o.CRow + n] = o.Relu ? T.Max(sum, T.Zero) : sum;
            }
    }

    /// <summary>The grid of as many parts as threads whose largest part is smallest; of those, the one that packs least.</summary>
    private static (int Rows, int Columns) Grid(MatMulSpec spec, int threads)
    {
        var best = (Rows: 1, Columns: threads);
        var bestCost = (double.MaxValue, double.MaxValue);
        for (var rows = 1; rows <= threads; rows++)
        {
            if (threads % rows != 0) continue;
            var height = Largest(spec.M, rows, Gemm.TileRows);
            var width = Largest(spec.N, threads / rows, Gemm.TileColumns);
            var cost = ((double)height * width, (double)height + width);
            if (cost.CompareTo(bestCost) >= 0) continue;
            (best, bestCost) = ((rows, threads / rows), cost);
        }
        return best;
    }

    private static int Largest(int length, int parts, int grain) => ((length + grain - 1) / grain + parts - 1) / parts * grain;
}
