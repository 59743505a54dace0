namespace Dunlin.Training;

/// <summary>The usual schedules. Steps count from 0: the first update is made at step 0.</summary>
public static class Schedules
{
    /// <summary>Always the same number.</summary>
    public static Schedule Constant(double value) => value;

    /// <summary>value · factorᵏ, k = ⌊step / every⌋.</summary>
    public static Schedule StepDecay(double value, long every, double factor)
    {
        Require.AtLeast(nameof(StepDecay), every, 1);
        Require.Above(nameof(StepDecay), factor, 0);
        return new(step => value * Power(factor, Scalar.Truncate(step / every)));
    }

    /// <summary>value · factor^(step / every), without steps in it.</summary>
    public static Schedule Exponential(double value, long every, double factor)
    {
        Require.AtLeast(nameof(Exponential), every, 1);
        Require.Above(nameof(Exponential), factor, 0);
        return new(step => value * Power(factor, step / every));
    }

    /// <summary>Half a cosine from value at step 0 to end after so many steps, and end afterwards (Loshchilov and Hutter, 2017, without restarts).</summary>
    public static Schedule Cosine(double value, long steps, double end = 0)
    {
        Require.AtLeast(nameof(Cosine), steps, 1);
        return new(step => end + (value - end) * 0.5 * (1 + Scalar.Cos(Math.PI * Progress(step, steps))));
    }

    /// <summary>end + (value − end) · (1 − step / steps)ᵖ, and end afterwards; power 1 is a straight line.</summary>
    public static Schedule Polynomial(double value, long steps, double end = 0, double power = 1)
    {
        Require.AtLeast(nameof(Polynomial), steps, 1);
        Require.Above(nameof(Polynomial), power, 0);
        // 0ᵖ = e^(p · log 0) = e^−∞ = 0, as it should be.
        return new(step => end + (value - end) * Scalar.Exp(power * Scalar.Log(1 - Progress(step, steps))));
    }

    /// <summary>A straight line from inner / steps at step 0 up to the inner schedule at step <paramref name="steps"/> − 1; the inner schedule, delayed by so many steps, afterwards (Goyal et al., 2017).</summary>
    public static Schedule Warmup(long steps, Schedule inner)
    {
        Require.AtLeast(nameof(Warmup), steps, 1);
        return new(step => Scalar.Min(1, (step + 1) / steps) * inner.At(Scalar.Max(0, step - steps)));
    }

    /// <summary>One schedule before the first boundary, the next from that step on, and so forth; each sees the step itself, from 0.</summary>
    /// <param name="first">Before the first boundary.</param>
    /// <param name="rest">From which step on which schedule; steps ascending.</param>
    public static Schedule Piecewise(Schedule first, params IReadOnlyList<(long From, Schedule Schedule)> rest)
    {
        for (var i = 1; i < rest.Count; i++)
            Require.That(nameof(Piecewise), rest[i].From, rest[i].From > rest[i - 1].From, $"above {rest[i - 1].From}, the step before it", $"step {i}");
        return new(step => rest.Aggregate(first.At(step), (before, piece) => Scalar.IfLess(step, piece.From, before, piece.Schedule.At(step))));
    }

    /// <summary>
    /// Linear scaling: a rate that is right for one batch size, for another: rate · batch / reference (Goyal et al., 2017; theirs is 0.1 for 256). It holds while the weights change little over batch / reference updates, hence
    /// <see cref="GradualWarmup"/>, and not without end (theirs up to 8192).
    /// </summary>
    /// <param name="rate">The rate for the reference batch.</param>
    /// <param name="batchSize">Examples of one update, over all workers; at least 1.</param>
    /// <param name="referenceBatchSize">Examples of one update with which the rate was found; at least 1.</param>
    public static double LinearScaling(double rate, int batchSize, int referenceBatchSize = 256) =>
        rate * Require.AtLeast(nameof(LinearScaling), batchSize, 1) / Require.AtLeast(nameof(LinearScaling), referenceBatchSize, 1);

    /// <summary>
    /// A straight line from a number at step 0 to what the inner schedule says at step <paramref name="steps"/>, and the inner schedule, which is not delayed, afterwards: the gradual warm-up of Goyal et al. (2017), from the
    /// rate of the small batch to the scaled one over 5 epochs.
    /// </summary>
    /// <param name="steps">How many steps it takes; at least 1.</param>
    /// <param name="start">The number at step 0.</param>
    /// <param name="inner">What follows.</param>
    public static Schedule GradualWarmup(long steps, double start, Schedule inner)
    {
        Require.AtLeast(nameof(GradualWarmup), steps, 1);
        return new(step => start + (inner.At(Scalar.Max(step, steps)) - start) * Progress(step, steps));
    }

    /// <summary>value · factorᵏ after k of the given steps: 1/10 after epochs 30, 60 and 80 of 90, say (He et al., 2016).</summary>
    /// <param name="value">At first.</param>
    /// <param name="factor">Above 0.</param>
    /// <param name="steps">The steps from which on it is multiplied once more; ascending.</param>
    public static Schedule MultiStep(double value, double factor, params IReadOnlyList<long> steps)
    {
        Require.Above(nameof(MultiStep), factor, 0);
        return Piecewise(value, [.. steps.Select((from, k) => (from, (Schedule)(value * Math.Pow(factor, k + 1))))]);
    }

    /// <summary>
    /// Low and long at the start, for very large batches (Akiba, Suzuki and Fukuda, 2017): ½ · value for 40 parts of 90 of the run, 0.075 · value for 30, 0.01 · value for 15, 0.001 · value for the last 5.
    /// </summary>
    /// <param name="value">The scaled rate: theirs is 0.1 · batch / 256.</param>
    /// <param name="steps">Of the whole run, their 90 epochs; at least 18, so that every part has one.</param>
    public static Schedule SlowStart(double value, long steps)
    {
        Require.AtLeast(nameof(SlowStart), steps, 18);
        long Part(int epochs) => (long)Math.Round((double)epochs * steps / 90);
        return Piecewise(0.5 * value, (Part(40), 0.075 * value), (Part(70), 0.01 * value), (Part(85), 0.001 * value));
    }

    /// <summary>
    /// How much of a plain gradient there is in <see cref="Training.RmsToGradient"/>: ½ · e^(2 (t − centre) / period) before the centre, ½ + (t − centre) / period up to centre + period / 2, and 1 from there on (Akiba,
    /// Suzuki and Fukuda, 2017).
    /// </summary>
    /// <remarks>The paper prints ½ + 2 (t − centre) / period for the second piece, which rises to 1.5 and falls to 1 at once. The formula above joins the pieces, and at the centre their slopes too.</remarks>
    /// <param name="center">In steps; finite.</param>
    /// <param name="period">In steps; above 0.</param>
    /// <param name="printed">Whether to take the formula as printed.</param>
    public static Schedule RmsToGradient(double center, double period, bool printed = false)
    {
        Require.That(nameof(RmsToGradient), center, double.IsFinite(center), "finite");
        Require.Above(nameof(RmsToGradient), period, 0);
        // The part that is not taken must not overflow either.
        return new(step => Scalar.IfLess(step, center, 0.5 * Scalar.Exp(Scalar.Min(0, 2 * (step - center) / period)),
            Scalar.IfLess(step, center + period / 2, 0.5 + (printed ? 2 : 1) * (step - center) / period, 1)));
    }

    private static Scalar Progress(Scalar step, long steps) => Scalar.Min(1, step / steps);

    private static Scalar Power(double x, Scalar exponent) => Scalar.Exp(Math.Log(x) * exponent);
}
