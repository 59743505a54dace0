namespace Dunlin.Graphs;

/// <summary>A queue is closed: nothing can be put into it any more, or it has too few elements left to take.</summary>
public sealed class QueueClosedException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public QueueClosedException(string message) : base(message) { }
}
