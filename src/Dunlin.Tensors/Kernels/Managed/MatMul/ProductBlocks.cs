using System.Numerics;
using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors.Kernels;

/// <summary>
/// One matrix product, computed block by block, so that a block can be used while it is in the second-level cache and the whole is never written. Several threads may compute
/// different blocks at the same time, each with working memory of its own.
/// </summary>
public abstract unsafe class ProductBlocks
{
    /// <summary>Rows of a block; the last ones may have fewer.</summary>
    public int Rows { get; protected init; }

    /// <summary>Columns of a block, and elements from one of its rows to the next; the last ones may have fewer columns.</summary>
    public int Columns { get; protected init; }

    /// <summary>Bytes of working memory for each thread, aligned to 64 bytes; a block is left at its beginning.</summary>
    public long ScratchBytes { get; protected init; }

    /// <summary>The blocks of a product of one matrix with another, without bias or activation, in Float32 or Float64; null for others.</summary>
    public static ProductBlocks? Of(MatMulSpec spec) => spec switch
    {
        not { Batch: 1, Bias: false, Activation: Activation.None } => null,
        { Type: DType.Float32 } => new Typed<float>(spec),
        { Type: DType.Float64 } => new Typed<double>(spec),
        _ => null,
    };

    /// <summary>Computes a block.</summary>
    /// <param name="a">The first operand's address.</param>
    /// <param name="b">The second operand's address.</param>
    /// <param name="row">The block's first row, a multiple of <see cref="Rows"/>.</param>
    /// <param name="column">The block's first column, a multiple of <see cref="Columns"/>.</param>
    /// <param name="scratch">The thread's working memory.</param>
    public abstract void Compute(nint a, nint b, int row, int column, nint scratch);

    private sealed class Typed<T> : ProductBlocks where T : unmanaged, IFloatingPointIeee754<T>
    {
        /// <summary>
        /// Long rows, which memory is read and written fastest in, and so few of them that the second operand is read where it lies: it stays in the second-level cache
        /// from one block to the next below it, beside a block of some 200 KB.
        /// </summary>
        private const int MostColumns = 2048, TilesDown = 2;

        private static readonly Gemm<T> Gemm = Gemm<T>.Instance;
        private readonly MatMulSpec _spec;
        private readonly long _block;

        public Typed(MatMulSpec spec)
        {
            _spec = spec;
            Columns = Math.Min(MostColumns * sizeof(float) / sizeof(T), (int)Gemm<T>.Align(spec.N));
            Rows = TilesDown * Gemm.TileRows;
            _block = Gemm<T>.Align((long)Rows * Columns);
            ScratchBytes = (_block + Gemm.ScratchElements(Rows, Columns, spec.K)) * sizeof(T);
        }

        public override void Compute(nint a, nint b, int row, int column, nint scratch)
        {
            var s = _spec;
            var operands = new GemmOperands<T>
            {
                M = Math.Min(Rows, s.M - row),
                N = Math.Min(Columns, s.N - column),
                K = s.K,
                ARow = s.TransposeA ? 1 : s.K,
                AStep = s.TransposeA ? s.M : 1,
                BStep = s.TransposeB ? 1 : s.N,
                BColumn = s.TransposeB ? s.K : 1,
                C = (T*)scratch,
                CRow = Columns,
            };
            operands.A = (T*)a + row * operands.ARow;
            operands.B = (T*)b + column * operands.BColumn;
            Gemm.Multiply(operands, (T*)scratch + _block);
        }
    }
}
