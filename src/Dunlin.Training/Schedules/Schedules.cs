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

    private static Scalar Progress(Scalar step, long steps) => Scalar.Min(1, step / steps);

    private static Scalar Power(double x, Scalar exponent) => Scalar.Exp(Math.Log(x) * exponent);
}
