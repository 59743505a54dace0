namespace Dunlin.Strategies;

/// <summary>
/// A journal in a file. What is written has been given to the system: it outlives a process that is killed. Against the loss of the machine's power it is not safe, which would take a wait for the disk with each gradient.
/// </summary>
internal sealed class FileLogStorage : ILogStorage
{
    private readonly string _path;
    private FileStream _file;

    /// <param name="path">The file, which is made where there is none.</param>
    /// <exception cref="DunlinException">It can't be written, or another server has it.</exception>
    public FileLogStorage(string path)
    {
        _path = path;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            _file = new(path, Options);
            File.Delete(Temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DunlinException($"The server's log {path} can't be written: {e.Message} Does another server use it?", e);
        }
    }

    private static FileStreamOptions Options => new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };

    private string Temporary => _path + ".tmp";

    public Stream Read() => new FileStream(_path, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite, BufferSize = 1 << 16 });

    public void Keep(long bytes)
    {
        _file.SetLength(bytes);
        _file.Position = bytes;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try { _file.Write(bytes); }
        catch (IOException e) { throw Failed(e); }
    }

    public void Replace(Action<Stream> write)
    {
        try
        {
            using (var next = new FileStream(Temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write }))
            {
                write(next);
                next.Flush(flushToDisk: true);
            }
            File.Move(Temporary, _path, overwrite: true);
            _file.Dispose();
            _file = new(_path, Options);
            _file.Position = _file.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw Failed(e); }
    }

    public void Delete()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    public void Dispose() => _file.Dispose();

    private DunlinException Failed(Exception e) => new($"The server's log {_path} can't be written, so what the server takes would not outlive it: {e.Message}", e);
}
