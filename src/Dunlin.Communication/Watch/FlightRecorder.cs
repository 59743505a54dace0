using System.IO.MemoryMappedFiles;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// What a process does, in memory that outlives it: a small mapped file that other processes of its host read when it is lost. Signs of life come five times a second; this is true to the call.
/// </summary>
internal sealed unsafe class FlightRecorder : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Record* _record;

    private FlightRecorder(string path, MemoryMappedFile file)
    {
        (Path, _file) = (path, file);
        _view = file.CreateViewAccessor(0, sizeof(Record));
        byte* address = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        _record = (Record*)address;
    }

    public string Path { get; }

    /// <summary>The training step, −1 before the first.</summary>
    public long Step
    {
        get => Volatile.Read(ref _record->Step);
        set => Volatile.Write(ref _record->Step, value);
    }

    /// <summary>Makes this process's own.</summary>
    /// <exception cref="CommunicationException">The folder for temporary files can't be written.</exception>
    public static FlightRecorder Create(string name)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), name);
        try
        {
            var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            stream.SetLength(sizeof(Record));
            return new(path, MemoryMappedFile.CreateFromFile(stream, null, sizeof(Record), MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false)) { Step = -1 };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommunicationException($"The folder for temporary files can't be written: {e.Message} Set TMPDIR to one that can.", e);
        }
    }

    /// <summary>Opens another process's, or returns null where that lives on another host.</summary>
    public static FlightRecorder? Open(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return new(path, MemoryMappedFile.CreateFromFile(stream, null, sizeof(Record), MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Notes a call: since when it is waited for (<see cref="Environment.TickCount64"/>), or 0 when it is done.</summary>
    public void Note(in Call call, long since)
    {
        // Odd while it is being written.
        Volatile.Write(ref _record->Version, _record->Version + 1);
        _record->Call = call;
        _record->Since = since;
        Volatile.Write(ref _record->Version, _record->Version + 1);
    }

    /// <summary>As <see cref="RankState.ToString"/>.</summary>
    public override string ToString()
    {
        Record copy;
        var tries = 0;
        do copy = *_record;
        while (((copy.Version & 1) != 0 || copy.Version != Volatile.Read(ref _record->Version)) && ++tries < 1000);
        var call = copy.Version == 0 ? null : copy.Call.ToString();
        return RankState.Sentence(copy.Step, copy.Since == 0 ? call : null, copy.Since == 0 ? null : call, Environment.TickCount64 - copy.Since);
    }

    /// <summary>Removes the name; who has the file open keeps it.</summary>
    public void Unlink()
    {
        try { File.Delete(Path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file of a few bytes in the folder for temporary files stays behind.
        }
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private struct Record
    {
        public long Version;
        public long Step;
        public long Since;
        public Call Call;
    }
}
