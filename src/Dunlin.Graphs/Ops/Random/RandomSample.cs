using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Random numbers whose distributions have parameters that are tensors: one sample for each element of the parameters, which are of one
/// floating-point type and broadcast. Inputs: the parameters, then a counter, an Int64 scalar such as the step's number. Element i of
/// the output depends on its parameters and on (seed, stream, counter, i) alone. A parameter outside its range gives NaN.
/// </summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public abstract record RandomSample(ulong Seed, uint Stream) : Operation
{
    /// <summary>How many parameters there are: 1 or 2.</summary>
    private protected abstract int Parameters { get; }

    /// <summary>One sample.</summary>
    /// <param name="a">The first parameter.</param>
    /// <param name="b">The second one if there is one, else 0.</param>
    /// <param name="draws">Where random numbers come from.</param>
    private protected abstract double Sample(double a, double b, ref Draws draws);

    /// <summary>Whether samples are above 0, so that none may be rounded to it.</summary>
    private protected virtual bool ArePositive => false;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Parameters + 1);
        RandomFill.CheckCounter(inputs, Parameters, Mismatch);
        var (type, shape) = inputs[0];
        if (!type.IsFloat() || (Parameters == 2 && inputs[1].Type != type)) throw Mismatch(inputs, "the parameters are of one floating-point type.");
        if (Parameters == 2 && !Shape.TryBroadcast(shape, inputs[1].Shape, out shape)) throw Mismatch(inputs, "the parameters' shapes do not broadcast.");
        return [new(type, shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        inputs[^1].IsBatched
        ? null
        : [node.Graph.Add(this, [.. inputs.SkipLast(1).Select(v => Batching.Aligned(v, node.Outputs[0].Shape.Rank)), inputs[^1].Value])];

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
        ? new SampleKernel<double>(this, inputs, outputs[0].Shape)
        : new SampleKernel<float>(this, inputs, outputs[0].Shape));

    private sealed unsafe class SampleKernel<T>(RandomSample sample, IReadOnlyList<TensorType> inputs, Shape shape) : ParallelKernel(64 * shape.ElementCount)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly PhiloxKey _key = new(sample.Seed, sample.Stream);
        private readonly T _least = !sample.ArePositive ? T.NegativeInfinity : T.CreateChecked(sizeof(T) == sizeof(double) ? 2.2250738585072014e-308 : 1.17549435e-38);
        private readonly long _count = shape.ElementCount;
        private readonly int[] _lengths = shape.Dimensions.ToArray();
        private readonly long[][] _strides = [.. inputs.Take(sample.Parameters).Select(i => Strides(i.Shape, shape))];

        public override void Execute(int worker, int workers)
        {
            var parameters = sample.Parameters;
            var key = _key.At(*Operand<long>(parameters));
            var y = Operand<T>(parameters + 1);
            var (begin, end) = ThreadTeam.Share(_count, worker, workers, 64);
            for (var i = begin; i < end; i++)
            {
                var draws = new Draws(key, (ulong)i);
                var a = double.CreateTruncating(Operand<T>(0)[Place(_strides[0], i)]);
                var b = parameters == 2 ? double.CreateTruncating(Operand<T>(1)[Place(_strides[1], i)]) : 0;
                y[i] = T.Max(T.CreateTruncating(sample.Sample(a, b, ref draws)), _least);
            }
        }

        private long Place(long[] strides, long index)
        {
            var place = 0L;
            for (var d = _lengths.Length - 1; d >= 0; d--)
            {
                place += index % _lengths[d] * strides[d];
                index /= _lengths[d];
            }
            return place;
        }

        private static long[] Strides(Shape from, Shape to)
        {
            var lead = to.Rank - from.Rank;
            return [.. Enumerable.Range(0, to.Rank).Select(d => d < lead || from[d - lead] == 1 ? 0 : from.Strides[d - lead])];
        }
    }
}

/// <summary>
/// Gamma-distributed numbers of scale 1: density xᵃ⁻¹ e⁻ˣ / Γ(a), a > 0, by the method of Marsaglia and Tsang (A Simple Method for
/// Generating Gamma Variables, 2000). No sample is less than the smallest normal number of Float64, or else of Float32.
/// </summary>
/// <remarks>
/// Gradient for a: implicit reparameterisation (Figurnov et al., 2018), dy · −(∂P(a, y) / ∂a) / density(y), with P the distribution's
/// function <see cref="Binary.Igamma"/>; of first order only. None for the counter.
/// </remarks>
/// <inheritdoc cref="RandomSample"/>
public sealed record RandomGamma(ulong Seed, uint Stream) : RandomSample(Seed, Stream)
{
    private protected override int Parameters => 1;

    private protected override bool ArePositive => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, y) = (node.Inputs[0], node.Outputs[0]);
        return [-(outputGradients[0]! * node.Graph.Add(Binary.IgammaByA, [a, y]) / Binary.GammaDensity(a, y)), null];
    }

    private protected override double Sample(double a, double b, ref Draws draws) => !(a > 0) || double.IsInfinity(a) ? double.NaN : Standard(a, ref draws);

    private static double Standard(double a, ref Draws draws)
    {
        // Below 1, from the shape a + 1: the product with a power of a uniform number has the shape a.
        var boost = a < 1 ? Math.Exp(-draws.Exponential() / a) : 1;
        var d = (a < 1 ? a + 1 : a) - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = draws.Normal();
            var v = 1 + c * x;
            if (v <= 0) continue;
            v = v * v * v;
            if (Math.Log(draws.Uniform()) < 0.5 * x * x + d * (1 - v + Math.Log(v))) return boost * d * v;
        }
    }
}

/// <summary>
/// Poisson-distributed numbers of mean a ≥ 0, as floating-point numbers: by products of uniform numbers below 10 (Knuth), else by
/// transformed rejection (PTRS of Hörmann, The Transformed Rejection Method for Generating Poisson Random Variables, 1993).
/// </summary>
/// <inheritdoc cref="RandomSample"/>
public sealed record RandomPoisson(ulong Seed, uint Stream) : RandomSample(Seed, Stream)
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Counts do not change smoothly; use the score function, the gradient of their probability.";

    private protected override int Parameters => 1;

    private protected override double Sample(double a, double b, ref Draws draws)
    {
        if (!(a >= 0) || double.IsInfinity(a)) return double.NaN;
        if (a < 10)
        {
            var (limit, product, count) = (Math.Exp(-a), draws.Uniform(), 0);
            for (; product > limit; count++) product *= draws.Uniform();
            return count;
        }
        var root = Math.Sqrt(a);
        var spread = 0.931 + 2.53 * root;
        var slope = -0.059 + 0.02483 * spread;
        var inverse = 1.1239 + 1.1328 / (spread - 3.4);
        var log = Math.Log(a);
        while (true)
        {
            var u = draws.Uniform() - 0.5;
            var v = draws.Uniform();
            var us = 0.5 - Math.Abs(u);
            var k = Math.Floor((2 * slope / us + spread) * u + a + 0.43);
            if (us >= 0.07 && v <= 0.9277 - 3.6224 / (spread - 2)) return k;
            if (k < 0 || (us < 0.013 && v > us)) continue;
            if (Math.Log(v * inverse / (slope / (us * us) + spread)) <= k * log - a - GammaFunctions.LogGamma(k + 1)) return k;
        }
    }
}

/// <summary>
/// Binomially distributed numbers of a trials (a whole number, at least 0) with probability b of success each, as floating-point numbers:
/// by waiting times where few successes are expected, else by transformed rejection (BTRS of Hörmann, The Generation of Binomial Random
/// Variates, 1993).
/// </summary>
/// <inheritdoc cref="RandomSample"/>
public sealed record RandomBinomial(ulong Seed, uint Stream) : RandomSample(Seed, Stream)
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Counts do not change smoothly; use the score function, the gradient of their probability.";

    private protected override int Parameters => 2;

    private protected override double Sample(double a, double b, ref Draws draws)
    {
        if (!(a >= 0) || a != Math.Floor(a) || double.IsInfinity(a) || b is not (>= 0 and <= 1)) return double.NaN;
        return b > 0.5 ? a - Successes(a, 1 - b, ref draws) : Successes(a, b, ref draws);
    }

    /// <summary>For p up to ½.</summary>
    private static double Successes(double n, double p, ref Draws draws)
    {
        if (n == 0 || p == 0) return 0;
        if (n * p < 10)
        {
            // The trials up to each success are geometrically distributed.
            var (scale, trials, count) = (SpecialFunctions.Log1p(-p), 0.0, 0);
            while ((trials += Math.Ceiling(Math.Log(draws.Uniform()) / scale)) <= n) count++;
            return count;
        }
        var deviation = Math.Sqrt(n * p * (1 - p));
        var spread = 1.15 + 2.53 * deviation;
        var slope = -0.0873 + 0.0248 * spread + 0.01 * p;
        var alpha = (2.83 + 5.1 / spread) * deviation;
        var centre = n * p + 0.5;
        var accept = 0.92 - 4.2 / spread;
        var mode = Math.Floor((n + 1) * p);
        var odds = Math.Log(p / (1 - p));
        var top = GammaFunctions.LogGamma(mode + 1) + GammaFunctions.LogGamma(n - mode + 1);
        while (true)
        {
            var u = draws.Uniform() - 0.5;
            var v = draws.Uniform();
            var us = 0.5 - Math.Abs(u);
            var k = Math.Floor((2 * slope / us + spread) * u + centre);
            if (us >= 0.07 && v <= accept) return k;
            if (k < 0 || k > n) continue;
            v = Math.Log(v * alpha / (slope / (us * us) + spread));
            if (v <= top - GammaFunctions.LogGamma(k + 1) - GammaFunctions.LogGamma(n - k + 1) + (k - mode) * odds) return k;
        }
    }
}

/// <summary>Random numbers with parameters that are tensors.</summary>
public static partial class Operations
{
    /// <summary>
    /// Gamma-distributed numbers of shape <paramref name="concentration"/> and, unless one is given, of rate 1; see <see cref="Ops.RandomGamma"/>.
    /// </summary>
    public static Value RandomGamma(this Value concentration, Value counter, ulong seed, uint stream, Value? rate = null)
    {
        var standard = concentration.Graph.Add(new RandomGamma(seed, stream), [rate is null ? concentration : concentration.BroadcastToLike(concentration + rate), counter]);
        return rate is null ? standard : standard / rate;
    }

    /// <summary>
    /// Beta-distributed numbers with the density xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b): x / (x + y) of two gamma-distributed numbers. Gradient: through those.
    /// </summary>
    public static Value RandomBeta(Value a, Value b, Value counter, ulong seed, uint stream)
    {
        var like = a + b;
        var (x, y) = (a.BroadcastToLike(like).RandomGamma(counter, seed, stream), b.BroadcastToLike(like).RandomGamma(counter, seed ^ SecondSeed, stream));
        return x / (x + y);
    }

    /// <summary>Dirichlet-distributed numbers along the last dimension: gamma-distributed ones over their sum. Gradient: through those.</summary>
    public static Value RandomDirichlet(this Value concentration, Value counter, ulong seed, uint stream)
    {
        var parts = concentration.RandomGamma(counter, seed, stream);
        return parts / parts.Sum([-1], keepDimensions: true);
    }

    /// <summary>Poisson-distributed numbers; see <see cref="Ops.RandomPoisson"/>.</summary>
    public static Value RandomPoisson(this Value mean, Value counter, ulong seed, uint stream) => mean.Graph.Add(new RandomPoisson(seed, stream), [mean, counter]);

    /// <summary>Binomially distributed numbers; see <see cref="Ops.RandomBinomial"/>.</summary>
    public static Value RandomBinomial(Value trials, Value probability, Value counter, ulong seed, uint stream) =>
        trials.Graph.Add(new RandomBinomial(seed, stream), [trials, probability, counter]);

    /// <summary>1 with the given probabilities, else 0, in their type; a probability of NaN gives 0.</summary>
    public static Value RandomBernoulli(this Value probability, Value counter, ulong seed, uint stream) =>
        (probability.RandomUniformLike(counter, seed, stream) < probability).Cast(probability.Type);

    /// <summary>Tells the second of two sequences from the first where one operation needs both.</summary>
    private const ulong SecondSeed = 0x9E3779B97F4A7C15;
}
