using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Random numbers of one place of a simulation: the n-th is the same in each run with the same seed, whatever other places draw.</summary>
/// <param name="seed">The simulation's.</param>
/// <param name="place">The place's name.</param>
/// <param name="number">Which of the places of that name.</param>
internal sealed class Draws(ulong seed, string place, int number)
{
    private readonly PhiloxKey _key = new(seed, PhiloxKey.StreamOf(place), (uint)number);
    private ulong _drawn;

    /// <summary>From 0 to below 1.</summary>
    public double Uniform()
    {
        var (x0, x1, _, _) = Philox.Block(_key, _drawn++);
        return ((x0 | (ulong)x1 << 32) >> 11) * (1.0 / (1L << 53));
    }

    /// <summary>Whether something happens that has a probability.</summary>
    public bool Happens(double probability) => probability > 0 && Uniform() < probability;

    /// <summary>Exponentially distributed.</summary>
    public double Exponential(double mean) => -mean * Math.Log(1 - Uniform());

    /// <summary>Log-normally distributed, with a mean of 1.</summary>
    /// <param name="spread">σ, the standard deviation of the logarithm.</param>
    public double LogNormal(double spread)
    {
        if (spread == 0) return 1;
        // Box and Muller (1958).
        var normal = Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());
        return Math.Exp(spread * normal - spread * spread / 2);
    }
}
