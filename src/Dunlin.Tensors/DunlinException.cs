namespace Dunlin;

/// <summary>An error that a user can act on: its message says what is wrong, where, and what was expected. Tools print the message without a stack trace.</summary>
public class DunlinException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong, where, what was expected and what to do.</param>
    /// <param name="inner">The cause, if another error led here.</param>
    public DunlinException(string message, Exception? inner = null) : base(message, inner) { }
}

/// <summary>Shapes or element types that do not fit together.</summary>
public sealed class ShapeException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public ShapeException(string message) : base(message) { }
}
