using System.Runtime.InteropServices;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

/// <summary>A program whose ranks sum numbers until one of them is lost; for tests of what the others say and how they end.</summary>
internal static partial class LostRank
{
    private const int SigKill = 9, SigStop = 19;

    /// <param name="how">kill, stop, hang (it computes on without a call), block (as hang, with the others within MPI), or throw.</param>
    /// <param name="rank">Who.</param>
    /// <param name="shared">Whether ranks meet in shared memory, not in MPI.</param>
    public static int Run(string how, int rank, bool shared)
    {
        // mpirun's SIGTERM does not cut short what the others have to say: as in training, which would save.
        using var _ = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static signal => signal.Cancel = true);
        using var cluster = Cluster.Join(new ClusterOptions { Timeout = TimeSpan.FromSeconds(how is "hang" or "block" ? 2 : 60), SharedMemory = shared });
        try
        {
            cluster.Run(1, comm =>
            {
                var sum = Tensor.Zeros(DType.Float32, [1000]);
                for (var step = 0; ; step++)
                {
                    comm.ReportStep(step);
                    if (step == 7 && comm.Rank == rank) Lose(how);
                    if (how == "block") comm.AllReduce(sum);
                    else comm.StartAllReduce(sum, ReduceOp.Sum).Wait();
                    if (step == 6) comm.Barrier();
                }
            });
        }
        catch (CommunicationException e)
        {
            Console.Error.WriteLine($"rank {cluster.Rank} ends: {e.Message}");
            return 3;
        }
        return 0;
    }

    private static void Lose(string how)
    {
        // Until the others wait in their next call.
        Thread.Sleep(200);
        Console.Error.WriteLine($"lost at {TimeProvider.System.GetUtcNow():O}");
        switch (how)
        {
            case "kill": _ = kill(Environment.ProcessId, SigKill); break;
            case "stop": _ = kill(Environment.ProcessId, SigStop); break;
            case "throw": throw new InvalidOperationException("the disk is gone");
            default: new ManualResetEventSlim().Wait(TimeSpan.FromSeconds(60)); break;
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
