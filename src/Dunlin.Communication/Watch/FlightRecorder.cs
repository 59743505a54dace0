using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// What a process does, in memory that outlives it: a small mapped file that other processes of its host read when it is lost. Signs of life come five times a second; this is true to the call.
/// </summary>
internal sealed unsafe class FlightRecorder : IDisposable
{
    /// <summary>Of one process.</summary>
    public const int MostRanks = 256;

    private const int Bytes = 64 + MostRanks * 128;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Record* _records;

    private FlightRecorder(string path, MemoryMappedFile file)
    {
        (Path, _file) = (path, file);
        _view = file.CreateViewAccessor(0, Bytes);
        byte* address = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        _records = (Record*)(address + 64);
    }

    public string Path { get; }

    /// <summary>Makes this process's own.</summary>
    /// <exception cref="CommunicationException">The folder for temporary files can't be written.</exception>
    public static FlightRecorder Create(string name)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), name);
        try
        {
            var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            stream.SetLength(Bytes);
            return new(path, MemoryMappedFile.CreateFromFile(stream, null, Bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommunicationException($"The folder for temporary files can't be written: {e.Message} Set TMPDIR to one that can.", e);
        }
    }

    /// <summary>Opens another process's, or returns null where that lives on another host.</summary>
    public static FlightRecorder? Open(string path)
    {
        // It comes from another process, and may be no path at all.
        if (path.Length == 0 || path.Contains('\0')) return null;
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return new(path, MemoryMappedFile.CreateFromFile(stream, null, Bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The training step of one of the process's ranks, −1 before the first.</summary>
    public long StepOf(int number) => Volatile.Read(ref _records[number].StepPlusOne) - 1;

    /// <inheritdoc cref="StepOf"/>
    public void SetStep(int number, long step) => Volatile.Write(ref _records[number].StepPlusOne, step + 1);

    /// <summary>Notes a call of one of the process's ranks: since when it is waited for (<see cref="Environment.TickCount64"/>), or 0 when it is done.</summary>
    public void Note(int number, in Call call, long since)
    {
        var record = _records + number;
        // Odd while it is being written.
        Volatile.Write(ref record->Version, record->Version + 1);
        record->Call = call;
        record->Since = since;
        Volatile.Write(ref record->Version, record->Version + 1);
    }

    /// <summary>The call that was noted last is done.</summary>
    public void EndWait(int number) => Volatile.Write(ref _records[number].Since, 0);

    /// <summary>The last call of one of the process's ranks, under way or done.</summary>
    public Call? LastOf(int number) => Read(number) is { Version: > 0 } record ? record.Call : null;

    /// <summary>What one of the process's ranks does or last did, as <see cref="RankState.ToString"/>.</summary>
    public string Doing(int number)
    {
        var record = Read(number);
        var call = record.Version == 0 ? null : record.Call.ToString();
        return RankState.Sentence(record.StepPlusOne - 1, record.Since == 0 ? call : null, record.Since == 0 ? null : call, Environment.TickCount64 - record.Since);
    }

    private Record Read(int number)
    {
        var record = _records + number;
        Record copy;
        var tries = 0;
        do copy = *record;
        while (((copy.Version & 1) != 0 || copy.Version != Volatile.Read(ref record->Version)) && ++tries < 1000);
        return copy;
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

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Record
    {
        public long Version;
        public long StepPlusOne;
        public long Since;
        public Call Call;
    }
}
