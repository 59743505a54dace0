namespace Dunlin.Strategies;

/// <summary>Where a <see cref="ServerJournal"/> lies.</summary>
internal interface ILogStorage : IDisposable
{
    /// <summary>Reads all that was written, from the beginning; before anything is written.</summary>
    Stream Read();

    /// <summary>Keeps the first bytes, and drops what is behind them.</summary>
    void Keep(long bytes);

    /// <summary>Writes behind all else. What is written is there after the process has ended, however it does.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Puts something else in the place of all: there is the one or the other at any moment.</summary>
    void Replace(Action<Stream> write);

    /// <summary>The run has ended: nothing is needed any more.</summary>
    void Delete();
}
