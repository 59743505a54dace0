using System.Text;

namespace Dunlin.Tensors;

/// <summary>
/// Names one sequence of random numbers. Equal keys give equal sequences everywhere; keys that differ in any part give
/// sequences without a common block, since seed, stream, step and position all enter the generator unmixed.
/// </summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">Who draws, such as the number of an operation or <see cref="StreamOf"/> a name.</param>
/// <param name="Step">When, such as the training step or the epoch.</param>
public readonly record struct PhiloxKey(ulong Seed, uint Stream = 0, uint Step = 0)
{
    /// <summary>The key of another step of the same stream.</summary>
    /// <param name="step">From 0 to 2^32 − 1.</param>
    /// <exception cref="InvalidValueException">The step is outside that range.</exception>
    public PhiloxKey At(long step)
    {
        Require.Between(nameof(PhiloxKey), step, 0, uint.MaxValue);
        return this with { Step = (uint)step };
    }

    /// <summary>A stream number for a name: its FNV-1a hash, the same on every machine.</summary>
    public static uint StreamOf(string name)
    {
        var hash = 2166136261u;
        foreach (var octet in Encoding.UTF8.GetBytes(name)) hash = (hash ^ octet) * 16777619u;
        return hash;
    }
}
