namespace Dunlin.Tensors;

/// <summary>A file of tensors that is refused: its message names the file, the tensor (where one is at fault) and the rule it breaks.</summary>
public sealed class TensorFileException : DunlinException
{
    /// <summary>Creates the error.</summary>
    /// <param name="file">The file's path or name.</param>
    /// <param name="tensor">The tensor at fault, or null where it is the file as a whole.</param>
    /// <param name="rule">What was expected and what was found.</param>
    /// <param name="inner">The cause, if another error led here.</param>
    public TensorFileException(string file, string? tensor, string rule, Exception? inner = null)
        : base(tensor is null ? $"{file}: {rule}" : $"{file}: tensor \"{tensor}\": {rule}", inner)
    {
        File = file;
        Tensor = tensor;
    }

    /// <summary>The file's path or name.</summary>
    public string File { get; }

    /// <summary>The tensor at fault, or null where it is the file as a whole.</summary>
    public string? Tensor { get; }
}
