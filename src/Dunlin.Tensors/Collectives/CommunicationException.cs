namespace Dunlin.Tensors.Collectives;

/// <summary>A rank failed, left, called something else than the others, or did not come in time. The message names it.</summary>
public sealed class CommunicationException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public CommunicationException(string message, Exception? inner = null) : base(message, inner) { }
}
