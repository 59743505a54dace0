namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Which buffer holds what, and in which layout, of a forward pass or of the input's gradient.</summary>
/// <param name="X">The buffer of what is transformed: x, or dy.</param>
/// <param name="W">Of the weights, which are plain.</param>
/// <param name="Bias">Of the bias, or −1.</param>
/// <param name="Y">Of the result.</param>
/// <param name="Relu">Whether the result is rectified.</param>
/// <param name="IsTurned">Whether the weights are turned by 180° and lead from outputs to channels: for the gradient.</param>
/// <param name="XLayout">Plain, or with blocks of 16 channels.</param>
/// <param name="YLayout">Plain, or with blocks of 16 channels.</param>
/// <param name="IsHalf">Whether all operands are BFloat16; then both layouts have blocks.</param>
internal sealed record WinogradOperands(int X, int W, int Bias, int Y, bool Relu, bool IsTurned, MemoryLayout XLayout, MemoryLayout YLayout, bool IsHalf)
{
    public int Scratch => Y + 1;

    public bool IsInputBlocked => !ReferenceEquals(XLayout, MemoryLayout.Plain);

    public bool IsOutputBlocked => !ReferenceEquals(YLayout, MemoryLayout.Plain);

    public MemoryLayout[] InputLayouts => IsTurned ? [MemoryLayout.Plain, XLayout] : Bias < 0 ? [XLayout, MemoryLayout.Plain] : [XLayout, MemoryLayout.Plain, MemoryLayout.Plain];

    public MemoryLayout[] OutputLayouts => [YLayout];

    /// <summary>Where the taps from a channel to an output begin, and how far it is to those to the next output.</summary>
    public void Weights(WinogradPlan plan, int output, int channel, out nint begin, out nint step)
    {
        nint taps = plan.Taps * plan.Taps;
        begin = (IsTurned ? (nint)channel * plan.Outputs + output : (nint)output * plan.Channels + channel) * taps;
        step = IsTurned ? taps : plan.Channels * taps;
    }
}
