using System.Text;
using Dunlin.Communication;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Cli;

/// <summary>
/// Where the processes of a run write: rank 0 as a process alone does, the others into <c>logs/rank-0003.log</c> of the run directory, and what ends them on the console as well, behind
/// <c>[r3]</c>.
/// </summary>
internal sealed class RankOutput : IDisposable
{
    /// <summary>Starting ranks differ by less, also on a busy machine.</summary>
    private static readonly TimeSpan FirstSpeaks = TimeSpan.FromSeconds(2);

    /// <summary>What a rank that has said why it failed may take to end.</summary>
    private static readonly TimeSpan OtherLeaves = TimeSpan.FromSeconds(1);

    private readonly CliHost _console;
    private readonly LogWriter? _log;
    private readonly int _rank;

    /// <param name="console">What a process alone would write to.</param>
    /// <param name="launch">Which process this is; null for one alone.</param>
    public RankOutput(CliHost console, LaunchInfo? launch)
    {
        (_console, Host, _rank) = (console, console, launch?.Rank ?? 0);
        if (_rank == 0) return;
        _log = new LogWriter();
        Host = console with { Out = TextWriter.Null, Error = _log, LastWords = new LogAndConsole(_log, console.Error), ErrorIsTerminal = false };
    }

    /// <summary>The world outside, for this process.</summary>
    public CliHost Host { get; }

    /// <summary>The run directory is known: what was written until now goes there, and all else.</summary>
    public void OpenLog(string directory) => _log?.Open(Path.Combine(directory, "logs"), $"rank-{_rank:0000}.log");

    /// <summary>Tells of the error that ends this process. Those that are heard from another rank are told in full by rank 0.</summary>
    public void Report(Exception error, bool debug)
    {
        Failures.Report(Host.Error, error, debug);
        if (_log is null) return;
        if (Failures.ExitCodeOf(error) == ExitCode.Usage) LetFirstSpeak(_rank);
        var text = new StringWriter();
        Failures.Report(text, error, debug);
        var lines = text.ToString().TrimEnd().Split('\n');
        foreach (var line in error is CommunicationException ? lines.Take(1) : lines) _console.Error.WriteLine($"[r{_rank}] {line}");
    }

    /// <summary>
    /// What is wrong with a command line or a configuration is wrong on every rank: rank 0 says it and leaves, on which the launcher ends the others. Who still runs a moment later has an error of its own, such
    /// as a file that is missing on its host alone.
    /// </summary>
    public static void LetFirstSpeak(int rank)
    {
        if (rank == 0) return;
        using var never = new ManualResetEventSlim();
        never.Wait(FirstSpeaks);
    }

    /// <summary>The launcher tells the exit code of the rank that leaves first, and that is to be the one that has failed by itself: starting again helps who has lost another one, but not who has learned NaN.</summary>
    public static void LetOtherLeave()
    {
        using var never = new ManualResetEventSlim();
        never.Wait(OtherLeaves);
    }

    public void Dispose() => _log?.Dispose();

    /// <summary>The log, and of each message the first line on the console.</summary>
    private sealed class LogAndConsole(TextWriter log, TextWriter console) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => log.Write(value);

        public override void WriteLine(string? value)
        {
            log.WriteLine(value);
            console.WriteLine(value?.Split('\n')[0]);
        }
    }

    /// <summary>Keeps what is written until there is a file for it.</summary>
    private sealed class LogWriter : TextWriter
    {
        private readonly StringBuilder _early = new();
        private readonly Lock _lock = new();
        private StreamWriter? _file;

        public override Encoding Encoding => Encoding.UTF8;

        public void Open(string directory, string name)
        {
            try
            {
                Directory.CreateDirectory(directory);
                lock (_lock)
                {
                    _file = new StreamWriter(Path.Combine(directory, name), append: true) { AutoFlush = true };
                    _file.Write(_early);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The run does not depend on it, and its errors go to the console as well.
            }
        }

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            lock (_lock)
            {
                if (_file is not null) _file.Write(value);
                else _early.Append(value);
            }
        }

        public override void WriteLine(string? value) => Write(value + "\n");

        protected override void Dispose(bool disposing)
        {
            _file?.Dispose();
            base.Dispose(disposing);
        }
    }
}
