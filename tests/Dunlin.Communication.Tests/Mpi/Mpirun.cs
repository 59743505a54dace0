using System.Diagnostics;
using System.Text;

namespace Dunlin.Communication.Tests;

/// <summary>Runs this assembly as a program of many processes.</summary>
internal static class Mpirun
{
    /// <summary>Null where mpirun is there.</summary>
    public static string? Missing { get; } = Which("mpirun") is null ? "mpirun is not installed (Debian: openmpi-bin)" : null;

    /// <summary>Starts ranks of this assembly and waits for their end.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="arguments">As <see cref="MpiProgram"/> takes them.</param>
    /// <returns>mpirun's exit code and all output.</returns>
    public static (int ExitCode, string Output) Run(int ranks, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("mpirun") { RedirectStandardOutput = true, RedirectStandardError = true };
        // Tests run more ranks than there are processors, also as root.
        foreach (var argument in (string[])["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-np", $"{ranks}", "dotnet", typeof(Mpirun).Assembly.Location, .. arguments])
            start.ArgumentList.Add(argument);
        // What runs the tests may itself have come from a launcher.
        foreach (var variable in start.Environment.Keys.Where(k => k.StartsWith("OMPI_", StringComparison.Ordinal) || k.StartsWith("PMI", StringComparison.Ordinal)).ToList()) start.Environment.Remove(variable);
        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        process.OutputDataReceived += Add;
        process.ErrorDataReceived += Add;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"mpirun -np {ranks} {string.Join(' ', arguments)} did not end within 2 minutes:\n{output}");
        }
        process.WaitForExit();
        return (process.ExitCode, output.ToString());

        void Add(object sender, DataReceivedEventArgs line)
        {
            lock (output) output.AppendLine(line.Data);
        }
    }

    private static string? Which(string program) => (StartupEnvironment.Get("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}

/// <summary>A test that needs mpirun.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute() => Skip = Mpirun.Missing;
}

/// <summary>Tests that start many processes: the others, with their time-outs, do not run beside them.</summary>
[CollectionDefinition(nameof(Processes), DisableParallelization = true)]
public sealed class Processes;
