using System.Diagnostics;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>Programs that are asked something and must answer in time.</summary>
internal static class Programs
{
    /// <summary>A program's file: a path as it is, a name by PATH.</summary>
    /// <returns>Null where there is none.</returns>
    public static string? Find(CliHost host, string name)
    {
        if (name.Contains('/', StringComparison.Ordinal)) return File.Exists(host.Resolve(name)) ? host.Resolve(name) : null;
        return (host.Variable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(host.Resolve(folder), name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Describes a start with the host's directory and environment, and nothing to read.</summary>
    public static ProcessStartInfo Start(CliHost host, IReadOnlyList<string> words)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { WorkingDirectory = host.Directory, RedirectStandardInput = true };
        start.Environment.Clear();
        foreach (var (name, value) in host.Environment) start.Environment[name] = value;
        return start;
    }

    /// <summary>Runs a program, with the environment of this command, and collects what it prints.</summary>
    /// <returns>Its exit code, or null where it did not end in time and was ended.</returns>
    public static (int? Code, string Output, string Error) Run(CliHost host, IReadOnlyList<string> words, TimeSpan patience)
    {
        var start = Start(host, words);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = new Process { StartInfo = start };
        var (output, error) = (new Lines(), new Lines());
        process.OutputDataReceived += (_, line) => output.Add(line.Data);
        process.ErrorDataReceived += (_, line) => error.Add(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (process.WaitForExit(patience))
        {
            // A grandchild may hold the pipes open for ever; what the program itself printed comes soon.
            output.WaitForEnd(TimeSpan.FromSeconds(1));
            error.WaitForEnd(TimeSpan.FromSeconds(1));
            return (process.ExitCode, output.ToString(), error.ToString());
        }
        process.Kill(entireProcessTree: true);
        return (null, output.ToString(), error.ToString());
    }

    private sealed class Lines
    {
        private readonly List<string> _lines = [];
        private readonly Lock _gate = new();
        private readonly TaskCompletionSource _ended = new();

        public void Add(string? line)
        {
            if (line is null) _ended.SetResult();
            else
                lock (_gate) _lines.Add(line);
        }

        public void WaitForEnd(TimeSpan patience) => _ended.Task.Wait(patience);

        public override string ToString()
        {
            lock (_gate) return string.Join('\n', _lines);
        }
    }
}
