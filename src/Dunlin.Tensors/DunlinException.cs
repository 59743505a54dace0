namespace Dunlin;

/// <summary>An error that a user can act on: its message says what is wrong, where, and what was expected. Tools print the message without a stack trace.</summary>
public class DunlinException : Exception
{
    private string _where = "";
    private string? _place;

    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong, where, what was expected and what to do.</param>
    /// <param name="inner">The cause, if another error led here.</param>
    public DunlinException(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>The places that it came through, the outermost first, and then what is wrong.</summary>
    public override string Message => _where + base.Message;

    /// <summary>
    /// Puts a place before the message, on the error's way out, so that it keeps its type, its cause and its stack trace: to be thrown on by <c>throw;</c>.
    /// A place that the message names already, itself or by something within it, is not named again.
    /// </summary>
    /// <param name="place">The name of a node or the like; slashes stand between a place and what is within it.</param>
    /// <param name="text">How the message says it, named already or not; "In" and the place unless given.</param>
    public void At(string place, string? text = null)
    {
        if (text is null && IsNamed(place)) return;
        (_place, _where) = (place, $"{text ?? $"In {place}"}: {_where}");
    }

    private bool IsNamed(string place)
    {
        var start = _place ?? Message;
        if (!start.StartsWith(place, StringComparison.Ordinal)) return false;
        return start.Length == place.Length || (_place is null ? start[place.Length] is ':' or '(' : start[place.Length] == '/');
    }
}

/// <summary>Shapes or element types that do not fit together.</summary>
public sealed class ShapeException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public ShapeException(string message) : base(message) { }
}

/// <summary>A number, a name or a list that something was made with is not one of those it takes: see <see cref="Require"/>.</summary>
public sealed class InvalidValueException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public InvalidValueException(string message, Exception? inner = null) : base(message, inner) { }
}
