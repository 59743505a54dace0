using System.Numerics;
using Dunlin.Tensors;
using MathNet.Numerics;

namespace Dunlin.Training.TimeSeries;

/// <summary>
/// An autoregressive process of order p, AR(p): xₜ = c + Σᵢ φᵢ · xₜ₋ᵢ + εₜ, i from 1 to p, where εₜ is white noise (Yule, 1927).
/// Immutable, so thread-safe.
/// </summary>
public sealed class Autoregression
{
    /// <summary>A process of given coefficients.</summary>
    /// <param name="coefficients">φ₁ to φₚ; none for white noise.</param>
    /// <param name="noiseVariance">The variance of ε, at least 0.</param>
    /// <param name="intercept">c.</param>
    /// <exception cref="InvalidValueException">The variance is negative, or a number is not finite.</exception>
    public Autoregression(IEnumerable<double> coefficients, double noiseVariance, double intercept = 0)
    {
        Coefficients = [.. coefficients];
        foreach (var coefficient in Coefficients) Require.That(nameof(Autoregression), coefficient, double.IsFinite(coefficient), "finite");
        Require.That(nameof(Autoregression), intercept, double.IsFinite(intercept), "finite");
        Require.AtLeast(nameof(Autoregression), noiseVariance, 0);
        (NoiseVariance, Intercept) = (noiseVariance, intercept);
    }

    /// <summary>φ₁ to φₚ.</summary>
    public IReadOnlyList<double> Coefficients { get; }

    /// <summary>p.</summary>
    public int Order => Coefficients.Count;

    /// <summary>The variance of the noise ε.</summary>
    public double NoiseVariance { get; }

    /// <summary>c.</summary>
    public double Intercept { get; }

    /// <summary>The roots of 1 − Σᵢ φᵢ · zⁱ, as many as the order (of the last coefficient that is not 0).</summary>
    public IReadOnlyList<Complex> Roots
    {
        get
        {
            var order = Order;
            while (order > 0 && Coefficients[order - 1] == 0) order--;
            return order == 0 ? [] : FindRoots.Polynomial([1.0, .. Coefficients.Take(order).Select(c => -c)]);
        }
    }

    /// <summary>Whether mean and covariances can stay the same over time: all <see cref="Roots"/> lie outside the unit circle.</summary>
    public bool IsStationary => Roots.All(z => z.Magnitude > 1);

    /// <summary>The mean of the stationary process, c / (1 − Σᵢ φᵢ).</summary>
    /// <exception cref="DunlinException">The process is not stationary.</exception>
    public double Mean => Intercept / (1 - Stationary().Coefficients.Sum());

    /// <summary>The covariances γ₀, …, γₖ of the stationary process, that of k steps' distance each: the solution of the Yule-Walker equations for γ.</summary>
    /// <param name="lags">The largest distance, at least 0.</param>
    /// <exception cref="DunlinException">The process is not stationary.</exception>
    public double[] Autocovariance(int lags)
    {
        Require.AtLeast(nameof(Autocovariance), lags, 0);
        Stationary();
        // γₖ − Σᵢ φᵢ · γ|ₖ₋ᵢ| = (k = 0 ? σ² : 0) for k from 0 to p; from there on, the recursion.
        var equations = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(Order + 1, Order + 1);
        for (var k = 0; k <= Order; k++)
        {
            equations[k, k] += 1;
            for (var i = 1; i <= Order; i++) equations[k, Math.Abs(k - i)] -= Coefficients[i - 1];
        }
        var right = MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(Order + 1);
        right[0] = NoiseVariance;
        List<double> covariances = [.. equations.Solve(right)];
        for (var k = Order + 1; k <= lags; k++) covariances.Add(Coefficients.Select((c, i) => c * covariances[k - 1 - i]).Sum());
        return [.. covariances.Take(lags + 1)];
    }

    /// <summary>What comes next, and how uncertain that is: variances add up over σ² · ψⱼ², the squares of the responses to noise j steps before.</summary>
    /// <param name="past">What has been seen, the newest last: at least as many numbers as the order.</param>
    /// <param name="steps">How many steps ahead, at least 1.</param>
    /// <exception cref="ShapeException">The past is too short.</exception>
    public IReadOnlyList<Forecast> Forecast(ReadOnlySpan<double> past, int steps)
    {
        Require.AtLeast(nameof(Forecast), steps, 1);
        if (past.Length < Order) throw new ShapeException($"A process of order {Order} goes on from at least {Order} values; got {past.Length}.");
        var forecasts = new Forecast[steps];
        var responses = new double[steps];
        var variance = 0.0;
        for (var h = 0; h < steps; h++)
        {
            var (mean, response) = (Intercept, h == 0 ? 1.0 : 0.0);
            for (var i = 1; i <= Order; i++)
            {
                mean += Coefficients[i - 1] * (h >= i ? forecasts[h - i].Mean : past[past.Length + h - i]);
                if (h >= i) response += Coefficients[i - 1] * responses[h - i];
            }
            responses[h] = response;
            forecasts[h] = new(mean, variance += NoiseVariance * response * response);
        }
        return forecasts;
    }

    /// <summary>A stretch of the stationary process with normally distributed noise.</summary>
    /// <param name="length">How many values.</param>
    /// <param name="seed">Chooses the noise.</param>
    /// <param name="warmUp">How many values are run from the mean and thrown away, so that it does not matter where it began.</param>
    /// <exception cref="DunlinException">The process is not stationary.</exception>
    public double[] Simulate(int length, ulong seed, int warmUp = 1000)
    {
        Require.AtLeast(nameof(Simulate), length, 0);
        Require.AtLeast(nameof(Simulate), warmUp, 0);
        var mean = Mean;
        var x = new double[warmUp + length];
        Philox.FillNormal(x, new PhiloxKey(seed, PhiloxKey.StreamOf("autoregression")), deviation: Math.Sqrt(NoiseVariance));
        for (var t = 0; t < x.Length; t++)
        {
            x[t] += Intercept;
            for (var i = 1; i <= Order; i++) x[t] += Coefficients[i - 1] * (t >= i ? x[t - i] : mean);
        }
        return x[warmUp..];
    }

    private Autoregression Stationary() => IsStationary ? this
        : throw new DunlinException($"The process with coefficients {string.Join(", ", Coefficients)} is not stationary: a root of 1 − Σ φᵢ · zⁱ has the magnitude {Roots.Min(z => z.Magnitude):g6}, which should be above 1.");
}

/// <summary>A forecast of one value.</summary>
/// <param name="Mean">What is to be expected.</param>
/// <param name="Variance">The variance of the error.</param>
public readonly record struct Forecast(double Mean, double Variance);
