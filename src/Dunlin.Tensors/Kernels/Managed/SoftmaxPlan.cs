namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// How [Outer, Length, Inner] is cut: a piece of work is one outer index and a block of inner ones, whose lines are handled side by side
/// (each on its own where Inner is 1).
/// </summary>
internal readonly struct SoftmaxPlan(int outer, int length, int inner)
{
    /// <summary>Lines side by side: some of their rows fit the first-level cache.</summary>
    public const int Block = 512;

    public int Length { get; } = length;

    public int Inner { get; } = inner;

    public int Blocks { get; } = (inner + Block - 1) / Block;

    public long Pieces => (long)outer * Blocks;

    /// <summary>An exponential is about ten simple steps, and vectors do four or more at once.</summary>
    public double Work => 2.0 * outer * Length * Inner;

    /// <summary>A piece's first element and how many lines it has.</summary>
    public (nint Offset, int Lines) Piece(long piece)
    {
        var start = (int)(piece % Blocks) * Block;
        return ((nint)(piece / Blocks) * Length * Inner + start, Math.Min(Block, Inner - start));
    }
}
