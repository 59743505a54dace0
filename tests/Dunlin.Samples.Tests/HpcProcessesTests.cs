using System.Diagnostics;
using Dunlin.Samples.Hpc;

namespace Dunlin.Samples.Tests;

/// <summary>The lecture by processes. It needs mpirun.</summary>
public sealed class HpcProcessesTests
{
    [MpiFact]
    public void Ranks_are_processes_where_mpirun_has_started_several()
    {
        var folder = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var start = new ProcessStartInfo("mpirun", ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-np", "2", "dotnet", typeof(Lecture).Assembly.Location, "--effort", "0.02", "--pictures", folder])
            {
                RedirectStandardOutput = true,
            };
            foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("OMPI_", StringComparison.Ordinal) || name.StartsWith("PMI", StringComparison.Ordinal)).ToList()) start.Environment.Remove(variable);
            using var mpirun = Process.Start(start)!;
            var output = mpirun.StandardOutput.ReadToEndAsync();
            Assert.True(mpirun.WaitForExit(TimeSpan.FromMinutes(2)), "The lecture has not ended within 2 minutes.");
            Assert.Equal(0, mpirun.ExitCode);
            // One of them speaks; two are equal to the last bit, and to rounding with one.
            Assert.Equal(2, output.Result.Split("(d) Data parallel SGD").Length);
            Assert.Matches(@"\| 2 \| \d\.\d+ \| \d\.\de-1\d \| yes \|", output.Result);
            Assert.Matches(@"no weight differs by more than \d\.\de-[6-9];", output.Result);
            Assert.Contains("between 2 processes: a message takes ", output.Result, StringComparison.Ordinal);
            Assert.Equal(3, Directory.GetFiles(folder, "hpc-*.svg").Length);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    /// <summary>Skips where there is no mpirun.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class MpiFactAttribute : FactAttribute
    {
        public MpiFactAttribute()
        {
            if (!(StartupEnvironment.Get("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "mpirun")))) Skip = "mpirun is not installed (Debian: openmpi-bin)";
        }
    }
}
