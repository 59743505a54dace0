using System.Runtime.CompilerServices;

namespace Dunlin.Training;

/// <summary>What the numbers of links may be.</summary>
internal static class Limits
{
    /// <summary>From 0 up to, but not, 1.</summary>
    public static double Fraction(double value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, $"{name} is from 0 up to, but not, 1, and not {value}.");

    /// <summary>At least 0 and finite.</summary>
    public static double NotNegative(double value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value >= 0 && double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(name, $"{name} is at least 0 and finite, not {value}.");

    /// <summary>Above 0 and finite.</summary>
    public static double Positive(double value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        value > 0 && double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(name, $"{name} is above 0 and finite, not {value}.");
}
