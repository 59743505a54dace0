namespace Dunlin.Communication.Tests;

/// <summary>Messages whose bytes, or elements, are more than a number of 32 bits counts.</summary>
[Collection(nameof(Processes))]
public sealed class LongMessageTests
{
    /// <summary>Two buffers of 2 GiB, each in its process's shared memory.</summary>
    [MpiFact(gibibytes: 4)]
    public void More_than_2_GiB_go_through_shared_memory() => Exchange("shared");

    /// <summary>In one call of MPI (Float32) and in three pieces (UInt8). MPI takes as much again as the two buffers.</summary>
    [MpiFact(gibibytes: 8)]
    public void More_than_2_GiB_go_through_MPI() => Exchange("mpi");

    private static void Exchange(string where)
    {
        string[] calls = ["AllReduce", "Send"];
        var (code, output) = MpiProgram.Run(2, ["long", where, .. calls]);
        Assert.True(code == 0, output);
        foreach (var call in calls)
            foreach (var what in (string[])["536870920 Float32", "2147483654 UInt8"]) Assert.Contains($"PASS {call} of {what}", output, StringComparison.Ordinal);
    }
}
