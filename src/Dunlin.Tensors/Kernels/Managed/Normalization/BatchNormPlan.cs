namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>The shapes of a batch normalisation: [Images, Channels, Area]. Each channel is a piece of work.</summary>
internal readonly struct BatchNormPlan(Shape input, double epsilon)
{
    public int Images { get; } = input[0];

    public int Channels { get; } = input[1];

    public int Area { get; } = checked((int)input[2..].ElementCount);

    public double Epsilon { get; } = epsilon;

    /// <summary>Elements of a channel.</summary>
    public double Count => Math.Max(1.0, (double)Images * Area);

    public double Work => (double)Images * Channels * Area / 4;
}
