namespace Dunlin.Training.TimeSeries;

/// <summary>
/// The solution of the Yule-Walker equations γₖ = Σᵢ φᵢ · γₖ₋ᵢ, k from 1 to p, whose matrix has equal elements along each diagonal, in O(p²) steps
/// (Levinson, 1947; Durbin, 1960).
/// </summary>
/// <param name="Coefficients">φ₁ to φₚ.</param>
/// <param name="Reflections">The last coefficient of the solution for each order from 1 to p: the partial autocorrelations. All lie within ±1 exactly if the process is stationary.</param>
/// <param name="NoiseVariance">What of γ₀ is not explained, γ₀ · Πₘ (1 − κₘ²).</param>
public sealed record LevinsonDurbin(IReadOnlyList<double> Coefficients, IReadOnlyList<double> Reflections, double NoiseVariance)
{
    /// <summary>Solves the equations.</summary>
    /// <param name="covariances">γ₀, …, γₚ.</param>
    /// <exception cref="DunlinException">They are no autocovariances of a series that is not wholly determined by its past: the matrix is not positive definite.</exception>
    public static LevinsonDurbin Solve(ReadOnlySpan<double> covariances)
    {
        if (covariances.IsEmpty) throw new ShapeException("The Yule-Walker equations of order p need p + 1 autocovariances; got none.");
        var order = covariances.Length - 1;
        var (a, before, reflections, error) = (new double[order], new double[order], new double[order], covariances[0]);
        for (var m = 0; m < order; m++)
        {
            if (!(error > 0)) throw new DunlinException($"The autocovariances are not positive definite: the variance left at order {m} is {error:g6}; it should be above 0.");
            var rest = covariances[m + 1];
            for (var i = 0; i < m; i++) rest -= a[i] * covariances[m - i];
            var reflection = reflections[m] = rest / error;
            a.CopyTo(before, 0);
            for (var i = 0; i < m; i++) a[i] -= reflection * before[m - 1 - i];
            a[m] = reflection;
            error *= 1 - reflection * reflection;
        }
        return new(a, reflections, error);
    }
}
