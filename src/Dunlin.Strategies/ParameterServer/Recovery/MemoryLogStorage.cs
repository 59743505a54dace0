namespace Dunlin.Strategies;

/// <summary>A journal that outlives the server which writes it, and not the process: for simulated servers, and tests.</summary>
internal sealed class MemoryLogStorage : ILogStorage
{
    private MemoryStream _bytes = new();

    /// <summary>How much there is.</summary>
    public long Length => _bytes.Length;

    public Stream Read() => new MemoryStream(_bytes.ToArray(), writable: false);

    public void Keep(long bytes)
    {
        _bytes.SetLength(bytes);
        _bytes.Position = bytes;
    }

    public void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    public void Replace(Action<Stream> write)
    {
        var next = new MemoryStream();
        write(next);
        _bytes = next;
    }

    public void Delete() => _bytes = new();

    public void Dispose() { }
}
