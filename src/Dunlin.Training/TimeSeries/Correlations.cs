namespace Dunlin.Training.TimeSeries;

/// <summary>How values of a series hang together with those some steps before.</summary>
public static class Correlations
{
    /// <summary>The estimated autocovariances γ₀, …, γₖ: γₖ = (1 / T) · Σₜ (xₜ − m) · (xₜ₋ₖ − m), where m is the mean. They are positive semidefinite, since the divisor is T and not T − k.</summary>
    /// <param name="series">x.</param>
    /// <param name="lags">k, from 0 to one less than the length.</param>
    /// <exception cref="ShapeException">The series is too short.</exception>
    public static double[] Autocovariance(ReadOnlySpan<double> series, int lags)
    {
        Require.AtLeast(nameof(Autocovariance), lags, 0);
        if (series.Length <= lags) throw new ShapeException($"Autocovariances over {lags} steps need a series of more than {lags} values; got {series.Length}.");
        var mean = 0.0;
        foreach (var x in series) mean += x / series.Length;
        var centred = series.ToArray();
        for (var t = 0; t < centred.Length; t++) centred[t] -= mean;
        var covariances = new double[lags + 1];
        for (var k = 0; k <= lags; k++)
            covariances[k] = System.Numerics.Tensors.TensorPrimitives.Dot(centred.AsSpan(k), centred.AsSpan(0, centred.Length - k)) / series.Length;
        return covariances;
    }

    /// <summary>The estimated autocorrelations 1, γ₁ / γ₀, …, γₖ / γ₀.</summary>
    /// <inheritdoc cref="Autocovariance"/>
    /// <exception cref="DunlinException">All values are equal.</exception>
    public static double[] Autocorrelation(ReadOnlySpan<double> series, int lags)
    {
        var covariances = Autocovariance(series, lags);
        return covariances[0] > 0 ? [.. covariances.Select(c => c / covariances[0])] : throw new DunlinException("A series of equal values has no autocorrelation.");
    }

    /// <summary>
    /// The estimated partial autocorrelations at 1, …, k steps: the correlation of xₜ and xₜ₋ₖ that those between do not explain. That of an AR(p)
    /// is 0 beyond p; estimates of such 0 have a deviation of about 1 / √T.
    /// </summary>
    /// <inheritdoc cref="Autocovariance"/>
    /// <exception cref="DunlinException">All values are equal.</exception>
    public static double[] PartialAutocorrelation(ReadOnlySpan<double> series, int lags) => LevinsonDurbin.Solve(Autocovariance(series, lags)).Reflections.ToArray();
}
