using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Dunlin.Cli.Tests;

/// <summary>Processes of ranks, found by where they run and what mpirun has told them.</summary>
internal static class RankProcess
{
    public const int Kill = 9, Stop = 19;

    /// <summary>The process of a rank that runs in a directory; a shell around it is none.</summary>
    public static int Find(string directory, int rank) => All(directory).Single(process => NameOf(process) != "sh" && Variables(process).Contains($"{Mpirun.RankVariable}={rank}"));

    /// <summary>All ranks that run in a directory.</summary>
    public static IEnumerable<int> All(string directory) =>
        from folder in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(folder)
        where name.All(char.IsAsciiDigit)
        let process = int.Parse(name, CultureInfo.InvariantCulture)
        where DirectoryOf(process) == directory && Variables(process).Any(variable => variable.StartsWith($"{Mpirun.RankVariable}=", StringComparison.Ordinal))
        select process;

    /// <summary>Waits until a run has saved a checkpoint.</summary>
    public static async Task FirstCheckpoint(string run, Child child)
    {
        var checkpoints = Path.Combine(run, "checkpoints");
        for (var clock = Stopwatch.StartNew(); !Directory.Exists(checkpoints) || !Directory.EnumerateDirectories(checkpoints, "step-*").Any(); await Task.Delay(10))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"No checkpoint came:\n{child.Output}");
    }

    public static void Signal(int process, int signal) => Assert.Equal(0, Send(process, signal));

    private static string NameOf(int process)
    {
        try { return File.ReadAllText($"/proc/{process}/comm").Trim(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }

    private static string? DirectoryOf(int process)
    {
        try { return File.ResolveLinkTarget($"/proc/{process}/cwd", returnFinalTarget: false)?.FullName; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    private static string[] Variables(int process)
    {
        try { return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{process}/environ")).Split('\0'); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return []; }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int process, int signal);
}
