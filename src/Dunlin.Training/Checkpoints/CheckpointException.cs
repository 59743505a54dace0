namespace Dunlin.Training.Checkpoints;

/// <summary>A checkpoint that could not be saved or loaded. Older checkpoints are as they were.</summary>
public sealed class CheckpointException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public CheckpointException(string message, Exception? inner = null) : base(message, inner) { }
}
