using Dunlin.Tensors;

namespace Dunlin.Training.Checkpoints;

/// <summary>A complete checkpoint on disk, whose files are what its manifest says.</summary>
public sealed class Checkpoint
{
    internal const string Extension = ".safetensors";

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
    public bool Has(string group) => File.Exists(Path.Combine(Directory, group + Extension));

    /// <summary>Opens one group of tensors, to read them one at a time.</summary>
    /// <param name="group">The group's name, such as <c>model</c>.</param>
    /// <exception cref="TensorFileException">There is no such group.</exception>
    public SafetensorsFile Open(string group) => SafetensorsFile.Open(Path.Combine(Directory, group + Extension));

    /// <summary>Reads all tensors of one group.</summary>
    /// <inheritdoc cref="Open"/>
    public Dictionary<string, Tensor> Load(string group) => Safetensors.Load(Path.Combine(Directory, group + Extension));
}
