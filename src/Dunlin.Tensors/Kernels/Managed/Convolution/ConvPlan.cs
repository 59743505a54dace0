using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>What the three convolution kernels know of the shapes, and how they cut them into blocks.</summary>
internal sealed class ConvPlan<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Positions handled at once: with <see cref="Gemm{T}.DepthBlock"/> rows the block of columns fits the second-level cache.</summary>
    private const int PositionBlock = 384;

    public static readonly Gemm<T> Gemm = Gemm<T>.Instance;

    public ConvPlan(ConvGeometry g)
    {
        Shape = WindowShape.Of(g);
        (Images, Groups) = (g.Input[0], g.Groups);
        (Channels, Outputs) = (g.Weights[1], g.Weights[0] / g.Groups);
        Blocks = Math.Max(1, (Positions + PositionBlock - 1) / PositionBlock);
        BlockPositions = Packing<T>.RoundUp((Positions + Blocks - 1) / Blocks, Gemm.TileColumns);
        Blocks = BlockPositions == 0 ? 0 : (Positions + BlockPositions - 1) / BlockPositions;
    }

    public WindowShape Shape { get; }

    public int Images { get; }

    public int Groups { get; }

    /// <summary>Input channels of a group.</summary>
    public int Channels { get; }

    /// <summary>Output channels of a group.</summary>
    public int Outputs { get; }

    public int Positions => Shape.Positions;

    /// <summary>Rows of a group's column matrix: (channel, tap).</summary>
    public int Rows => Channels * Shape.Taps;

    /// <summary>Blocks of positions in an image.</summary>
    public int Blocks { get; }

    /// <summary>Positions in each block but the last.</summary>
    public int BlockPositions { get; }

    /// <summary>Elements between rows of a block of columns: a little more than its width, since rows a power of two apart share few cache sets.</summary>
    public int BlockStride => BlockPositions + 16;

    /// <summary>Multiplications, in the unit in which <see cref="ManagedKernel"/> weighs work.</summary>
    public double Work => (double)Images * Groups * Outputs * Positions * Rows / 16;

    /// <summary>The channels of one group of one image in the input, counted in elements.</summary>
    public nint InputOffset(int image, int group) => ((nint)image * Groups + group) * Channels * Shape.Elements;

    /// <summary>As <see cref="InputOffset"/>, in the output.</summary>
    public nint OutputOffset(int image, int group) => ((nint)image * Groups + group) * Outputs * Positions;
}
