using Dunlin.Tensors;

namespace Dunlin.Training.Checkpoints;

/// <summary>A complete checkpoint on disk, whose files are what its manifest says.</summary>
public sealed class Checkpoint
{
    internal const string Extension = ".safetensors", IndexExtension = Extension + ".index.json";

    internal Checkpoint(string directory, CheckpointState state)
    {
        Directory = directory;
        State = state;
    }

    /// <summary>The checkpoint's own directory.</summary>
    public string Directory { get; }

    /// <summary>Where the run stood.</summary>
    public CheckpointState State { get; }

    /// <summary>Whether there is a group of tensors of a name.</summary>
    public bool Has(string group) => File.Exists(PathOf(group));

    /// <summary>Opens one group of tensors, to read them one at a time: of one file, or of those that several workers have written.</summary>
    /// <param name="group">The group's name, such as <c>model</c>.</param>
    /// <exception cref="TensorFileException">There is no such group.</exception>
    public ITensorSource Open(string group) => Safetensors.Open(PathOf(group));

    /// <summary>Reads all tensors of one group.</summary>
    /// <inheritdoc cref="Open"/>
    public Dictionary<string, Tensor> Load(string group) => Safetensors.Load(PathOf(group));

    private string PathOf(string group)
    {
        var index = Path.Combine(Directory, group + IndexExtension);
        return File.Exists(index) ? index : Path.Combine(Directory, group + Extension);
    }
}
