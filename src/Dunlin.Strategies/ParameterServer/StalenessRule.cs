namespace Dunlin.Strategies;

/// <summary>How much less a late gradient moves the weights: its staleness τ is how many updates the server made between giving the weights that it was computed with and applying it.</summary>
public abstract record StalenessRule
{
    private StalenessRule() { }

    /// <summary>By what the update is multiplied.</summary>
    /// <param name="staleness">τ, at least 0.</param>
    public abstract double Factor(long staleness);

    /// <summary>Late gradients count in full.</summary>
    public sealed record None : StalenessRule
    {
        /// <inheritdoc/>
        public override double Factor(long staleness) => 1;
    }

    /// <summary>1 / max(1, τ) (Zhang, Gupta, Lian and Liu, 2015).</summary>
    public sealed record Inverse : StalenessRule
    {
        /// <inheritdoc/>
        public override double Factor(long staleness) => 1.0 / Math.Max(1, staleness);
    }

    /// <summary>γ^τ: the gradient decay of Chan and Lane's servers (2014), and for γ = e^−β the exponential penalty.</summary>
    /// <param name="Gamma">γ, above 0, at most 1.</param>
    public sealed record Power(double Gamma) : StalenessRule
    {
        /// <inheritdoc cref="Power(double)"/>
        public double Gamma { get; } = Require.That(nameof(Power), Gamma, Gamma is > 0 and <= 1, "above 0 and up to 1");

        /// <inheritdoc/>
        public override double Factor(long staleness) => Math.Pow(Gamma, staleness);
    }
}
