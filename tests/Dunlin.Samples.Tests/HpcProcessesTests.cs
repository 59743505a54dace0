using Dunlin.Samples.Hpc;

namespace Dunlin.Samples.Tests;

/// <summary>The lecture by processes.</summary>
[Collection(nameof(Processes))]
public sealed class HpcProcessesTests
{
    [MpiFact]
    public void Ranks_are_processes_where_mpirun_has_started_several()
    {
        var folder = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var (code, output) = Mpirun.Run(2, "dotnet", typeof(Lecture).Assembly.Location, "--effort", "0.02", "--pictures", folder);
            Assert.True(code == 0, output);
            // One of them speaks; two are equal to the last bit, and to rounding with one.
            Assert.Equal(2, output.Split("(d) Data parallel SGD").Length);
            Assert.Matches(@"\| 2 \| \d\.\d+ \| \d\.\de-1\d \| yes \|", output);
            Assert.Matches(@"no weight differs by more than \d\.\de-[6-9];", output);
            Assert.Contains("between 2 processes: a message takes ", output, StringComparison.Ordinal);
            Assert.Equal(3, Directory.GetFiles(folder, "hpc-*.svg").Length);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
