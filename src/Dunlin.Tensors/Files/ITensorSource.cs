namespace Dunlin.Tensors;

/// <summary>Named tensors that are read one at a time, when asked for. Thread-safe.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The tensors' names, in the order in which they lie in the file or files.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Reads one tensor.</summary>
    /// <exception cref="TensorFileException">There is no tensor of this name, its element type is none of ours, or the file has changed.</exception>
    Tensor Load(string name);
}
