namespace Dunlin.Tensors;

/// <summary>Named tensors that are read one at a time, when asked for. Thread-safe.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The tensors' names, in the order in which they lie in the file or files.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Reads one tensor.</summary>
    /// <exception cref="TensorFileException">There is no tensor of this name, its element type is none of ours, or the file has changed.</exception>
    Tensor Load(string name);

    /// <summary>Reads one tensor into memory that is already there.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="target">Of its type and shape.</param>
    /// <exception cref="TensorFileException">There is no such tensor, its type or shape is not <paramref name="target"/>'s, or the file has changed.</exception>
    void Load(string name, Tensor target);

    /// <summary>The element type and shape of one tensor, of which nothing is read.</summary>
    /// <exception cref="TensorFileException">There is no tensor of this name, or its element type is none of ours.</exception>
    TensorType TypeOf(string name);
}
