namespace Dunlin.Samples.Regressions;

/// <summary>The classic regressions, each solved twice.</summary>
public static class AllRegressions
{
    /// <param name="seed">Chooses inputs and noise.</param>
    public static IReadOnlyList<Comparison> Run(ulong seed = 1) =>
        [LinearRegression.Run(seed), PolynomialRegression.Run(seed), .. ExponentialRegression.Run(seed), LogisticRegression.Run(seed)];
}
