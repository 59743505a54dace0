using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// How a convolution is cut into tiles of 6 × 6 inputs that overlap, each of which gives 4 × 4 outputs of 3 × 3 taps or 2 × 2 of 5 × 5 (Winograd's minimal filtering, after Lavin and Gray,
/// "Fast algorithms for convolutional neural networks", 2016). At each of 36 points a product of matrices sums over the channels. The direct sum takes 9 · 16 / 36 = 4
/// or 25 · 4 / 36 = 2.8 times as many multiplications, where tiles lie within the output.
/// </summary>
internal sealed class WinogradPlan
{
    /// <summary>Elements of a tile along each side.</summary>
    public const int Side = 6;

    /// <summary>Points at which products are taken.</summary>
    public const int Points = Side * Side;

    /// <summary>Channels that are transformed at once, and which blocked layouts keep together.</summary>
    public const int Block = 16;

    /// <summary>What tiles take in a cache that all threads share: transformed inputs and outputs of so many at once.</summary>
    private const long ChunkBytes = 2 << 20;

    /// <summary>More transformed weights than this are made and used block by block.</summary>
    private const long FilterBytes = 24 << 20;

    /// <summary>Up to here it is better to have all tiles at once than to read large weights several times.</summary>
    private const long LargestChunkBytes = 64 << 20;

    /// <summary>With fewer tiles at once the transformed weights are read too often.</summary>
    private const int LeastTiles = 48;

    private WinogradPlan(ConvGeometry g, bool backward)
    {
        Taps = g.Weights[2];
        (Images, Height, Width, OutputHeight, OutputWidth) = (g.Input[0], g.Input[2], g.Input[3], g.Output[2], g.Output[3]);
        (Channels, Outputs) = (g.Weights[1], g.Weights[0]);
        (Top, Left) = (g.PadBegin[0], g.PadBegin[1]);
        if (backward)
        {
            (Height, Width, OutputHeight, OutputWidth, Channels, Outputs) = (OutputHeight, OutputWidth, Height, Width, Outputs, Channels);
            (Top, Left) = (Taps - 1 - Top, Taps - 1 - Left);
        }
        Tile = Side - Taps + 1;
        TileRows = (OutputHeight + Tile - 1) / Tile;
        TileColumns = (OutputWidth + Tile - 1) / Tile;

        var all = (long)Images * TileRows;
        var bytesPerRow = (long)TileColumns * Points * (Channels + Outputs + 2 * Block) * sizeof(float);
        var filters = (long)Points * Channels * Outputs * sizeof(float);
        var isLarge = filters > FilterBytes && bytesPerRow * all <= LargestChunkBytes;
        OutputBlock = isLarge ? (int)Math.Max(64, (Outputs * FilterBytes / 2 / filters + 63) / 64 * 64) : Outputs;
        OutputBlock = Math.Min(OutputBlock, Outputs);
        ChunkRows = (int)(isLarge ? all : Math.Min(all, Math.Max(ChunkBytes / bytesPerRow, 1 + (LeastTiles - 1) / TileColumns)));
        // Chunks of equal size: a small last one would be no faster than a whole one.
        Chunks = (int)((all + ChunkRows - 1) / ChunkRows);
        ChunkRows = (int)((all + Chunks - 1) / Chunks);
    }

    /// <summary>Of the weights, along each side: 3 or 5.</summary>
    public int Taps { get; }

    /// <summary>Outputs of a tile along each side.</summary>
    public int Tile { get; }

    public int Images { get; }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Zeros above and left of each image.</summary>
    public int Top { get; }

    public int Left { get; }

    public int Outputs { get; }

    public int OutputHeight { get; }

    public int OutputWidth { get; }

    /// <summary>Rows of tiles of an image.</summary>
    public int TileRows { get; }

    /// <summary>Tiles of a row.</summary>
    public int TileColumns { get; }

    /// <summary>Output channels whose transformed weights are at hand at once: all, unless they take too much memory.</summary>
    public int OutputBlock { get; }

    /// <summary>Rows of tiles, of all images, that are handled at once.</summary>
    public int ChunkRows { get; }

    public int Chunks { get; }

    /// <summary>Tiles that are handled at once, at most.</summary>
    public int ChunkTiles => ChunkRows * TileColumns;

    /// <summary>Columns of a strip of inputs: all that a row of tiles reads.</summary>
    public int StripColumns => TileColumns * Tile + Taps - 1;

    /// <summary>Floating-point operations of the products.</summary>
    public long Flops => 2L * Images * TileRows * TileColumns * Points * Channels * Outputs;

    /// <summary>Multiplications, in the unit in which <see cref="ManagedKernel"/> weighs work.</summary>
    public double Work => Flops / 32.0;

    public static WinogradPlan Forward(ConvGeometry geometry) => new(geometry, backward: false);

    /// <summary>The gradient of the input: a convolution of the output's with weights that are turned by 180° and whose channels change places.</summary>
    public static WinogradPlan BackwardData(ConvGeometry geometry) => new(geometry, backward: true);

    /// <summary>Whether tiles serve a convolution at all, and better than the direct sum.</summary>
    /// <param name="g">The convolution.</param>
    /// <param name="rival">How many times as fast as in Float32 the direct sum is.</param>
    public static bool Suits(ConvGeometry g, double rival)
    {
        if (g is not { Groups: 1, Input.Rank: 4 } || g.Weights[2] != g.Weights[3] || g.Weights[2] is not (3 or 5) || !Vector128.IsHardwareAccelerated) return false;
        for (var i = 0; i < 2; i++)
            if (g.Strides[i] != 1 || g.Dilations[i] != 1 || g.PadBegin[i] >= g.Weights[2] || g.PadEnd[i] >= g.Weights[2]) return false;
        if (g.Input.ElementCount == 0 || g.Output.ElementCount == 0 || g.Weights[0] % Block != 0 || g.Weights[1] % Block != 0) return false;
        return Saving(g.Output[2], g.Output[3], g.Weights[2]) >= rival * LeastSaving(g);
    }

    /// <summary>Multiplications of the direct sum for each one at the points.</summary>
    private static double Saving(int height, int width, int taps)
    {
        var tile = Side - taps + 1;
        return (double)height * width * taps * taps / ((double)((height + tile - 1) / tile) * ((width + tile - 1) / tile) * Points);
    }

    /// <summary>Transforming costs as much for few channels as for many, while what is saved grows with them.</summary>
    private static double LeastSaving(ConvGeometry g) => 1.2 + 16.0 / g.Weights[0] + 16.0 / g.Weights[1];

    /// <summary>Elements between neighbours that do not fall on the same sets of a cache: an odd number of lines.</summary>
    public static nint Spread(long elements) => (nint)(((elements + Block - 1) / Block | 1) * Block);
}
