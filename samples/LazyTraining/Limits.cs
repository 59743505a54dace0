namespace Dunlin.Samples.LazyTraining;

/// <summary>The risks when d and N grow together, N / d → ρ (Ghorbani, Mei, Misiakiewicz and Montanari, Limitations of Lazy Training of Two-layers Neural Networks, 2019, theorems 1 to 6).</summary>
public static class Limits
{
    /// <summary>The limit, for the norm, the isotropy t and the largest eigenvalues of a model of finite size.</summary>
    /// <param name="model">The data.</param>
    /// <param name="regime">What is trained.</param>
    /// <param name="neurons">N.</param>
    /// <returns>The risk as a share of that of the best constant.</returns>
    public static double Risk(DataModel model, Regime regime, int neurons)
    {
        var (rho, t) = ((double)neurons / model.Size, model.Isotropy);
        var share = regime == Regime.FullTraining
            ? model.Spectrum.Select(m => m * m).OrderDescending().Take(neurons).Sum() / model.SquaredNorm
            : Share(regime, rho, t);
        return model.Risk(share * model.SquaredNorm);
    }

    /// <summary>The published curves of model 1: t = 1/2 and exponentially distributed eigenvalues.</summary>
    public static double Published(Regime regime, double rho)
    {
        if (regime != Regime.FullTraining) return 1 - Share(regime, rho, 0.5);
        var q = rho < 1 ? -Math.Log(rho) : 0;
        return rho < 1 ? 1 - rho / 2 * (q * q + 2 * q + 2) : 0;
    }

    private static double Share(Regime regime, double rho, double t)
    {
        if (regime == Regime.RandomFeatures) return t * rho / (1 + rho);
        var missing = Math.Max(0, 1 - rho);
        return 1 - missing * missing * (1 - t) - missing * t;
    }
}
