using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dunlin;

/// <summary>
/// Demands on numbers and names that layers, operations and options are made with. Each gives the value back, so that it can stand in an initialiser. What is named is
/// the argument as it is written or, within a property's setter, the property: <c>Conv2d: kernel is at least 1, not 0.</c>
/// </summary>
/// <remarks>Numbers have to be finite: NaN and infinities are never within a range.</remarks>
public static class Require
{
    /// <summary>What stands in a property's setter for the property.</summary>
    private const string Setter = "value";

    /// <summary>The value, which is at least a bound.</summary>
    /// <param name="owner">Whose value it is: a layer, an operation, options.</param>
    /// <param name="value">The value.</param>
    /// <param name="least">The least that it may be.</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It is less, or not finite.</exception>
    public static T AtLeast<T>(string owner, T value, T least, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") where T : struct, INumber<T> =>
        T.IsFinite(value) && value >= least ? value : throw Error(owner, value, Text($"at least {least}"), what, member);

    /// <summary>The value, which is above a bound.</summary>
    /// <param name="owner">Whose value it is: a layer, an operation, options.</param>
    /// <param name="value">The value.</param>
    /// <param name="bound">What it may not be, nor less.</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It is not, or not finite.</exception>
    public static T Above<T>(string owner, T value, T bound, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") where T : struct, INumber<T> =>
        T.IsFinite(value) && value > bound ? value : throw Error(owner, value, Text($"above {bound}"), what, member);

    /// <summary>The value, which is within two bounds, both of which it may be.</summary>
    /// <param name="owner">Whose value it is: a layer, an operation, options.</param>
    /// <param name="value">The value.</param>
    /// <param name="least">The least that it may be.</param>
    /// <param name="most">The most that it may be.</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It is not.</exception>
    public static T Between<T>(string owner, T value, T least, T most, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") where T : struct, INumber<T> =>
        value >= least && value <= most ? value : throw Error(owner, value, Text($"from {least} to {most}"), what, member);

    /// <summary>The value, which is at least one bound and below another: a rate, say, from 0 up to, but not, 1.</summary>
    /// <param name="owner">Whose value it is: a layer, an operation, options.</param>
    /// <param name="value">The value.</param>
    /// <param name="least">The least that it may be.</param>
    /// <param name="bound">What it may not be, nor more.</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It is not.</exception>
    public static T Below<T>(string owner, T value, T least, T bound, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") where T : struct, INumber<T> =>
        value >= least && value < bound ? value : throw Error(owner, value, Text($"at least {least} and below {bound}"), what, member);

    /// <summary>The value, of which something holds that is said in words.</summary>
    /// <param name="owner">Whose value it is: a layer, an operation, options.</param>
    /// <param name="value">The value.</param>
    /// <param name="holds">Whether it does.</param>
    /// <param name="expected">What it is then: "a multiple of 8".</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It does not.</exception>
    public static T That<T>(string owner, T value, bool holds, string expected, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") =>
        holds ? value : throw Error(owner, value, expected, what, member);

    /// <summary>A text that is not blank.</summary>
    /// <param name="owner">Whose text it is: a layer, an operation, options.</param>
    /// <param name="value">The text.</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It is empty or blank.</exception>
    public static string NotBlank(string owner, string? value, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") =>
        !string.IsNullOrWhiteSpace(value) ? value : throw Error(owner, value is null ? "null" : $"'{value}'", "a text that is not blank", what, member);

    /// <summary>A list that is not empty.</summary>
    /// <param name="owner">Whose list it is: a layer, an operation, options.</param>
    /// <param name="value">The list.</param>
    /// <param name="what">What to call it.</param>
    /// <param name="member">The property, where it is one's value.</param>
    /// <exception cref="InvalidValueException">It is null or has no elements.</exception>
    public static IReadOnlyList<T> NotEmpty<T>(string owner, IReadOnlyList<T>? value, [CallerArgumentExpression(nameof(value))] string what = "", [CallerMemberName] string member = "") =>
        value is { Count: > 0 } ? value : throw Error(owner, value is null ? "null" : "empty", "a list of at least one element", what, member);

    private static InvalidValueException Error<T>(string owner, T value, string expected, string what, string member) =>
        new(Text($"{owner}: {(what == Setter ? member : what)} is {expected}, not {value}."));

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
