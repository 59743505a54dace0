using System.Security.Cryptography;
using System.Text.Json;
using Dunlin.Tensors;

namespace Dunlin.Training.Checkpoints;

/// <summary>Writes the files of one checkpoint into a directory that nobody reads yet, and makes them durable.</summary>
/// <param name="directory">The directory; empty.</param>
/// <param name="create">Creates a file.</param>
internal sealed class CheckpointWriter(string directory, Func<string, FileStream> create)
{
    private readonly List<ManifestFile> _files = [];

    /// <summary>Where the files are, until the checkpoint is complete.</summary>
    public string Directory => directory;

    /// <summary>What has been written.</summary>
    public IReadOnlyList<ManifestFile> Files => _files;

    /// <summary>Writes a file of tensors.</summary>
    public void Write(string file, IEnumerable<KeyValuePair<string, Tensor>> tensors) => Add(file, stream => Safetensors.Write(stream, tensors, file: file));

    /// <summary>Writes the index of tensors in several files.</summary>
    public void WriteIndex(string file, long totalBytes, IReadOnlyDictionary<string, string> files) => Add(file, stream => ShardedSafetensors.WriteIndex(stream, totalBytes, files));

    /// <summary>Writes where the run stands, and at last the manifest: of what has been written, and of what other workers have written into the same directory.</summary>
    public void Finish(CheckpointState state, params IEnumerable<ManifestFile> others)
    {
        _files.AddRange(others);
        Add(CheckpointVerifier.StateName, stream => JsonSerializer.Serialize(stream, state, CheckpointJson.Default.CheckpointState));
        var manifest = new CheckpointManifest([.. _files]);
        Add(CheckpointVerifier.ManifestName, stream => JsonSerializer.Serialize(stream, manifest, CheckpointJson.Default.CheckpointManifest));
        Durable.SyncDirectory(directory);
    }

    private void Add(string name, Action<Stream> write)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = create(Path.Combine(directory, name));
        using (var hashing = new HashingStream(file, hash)) write(hashing);
        file.Flush(flushToDisk: true);
        _files.Add(new ManifestFile(name, file.Length, Convert.ToHexStringLower(hash.GetHashAndReset())));
    }

    /// <summary>Hashes what passes through, so that the manifest tells what was meant, not what the disk made of it.</summary>
    private sealed class HashingStream(FileStream target, IncrementalHash hash) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => target.Length;

        public override long Position { get => target.Position; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            hash.AppendData(buffer);
            target.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => target.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
