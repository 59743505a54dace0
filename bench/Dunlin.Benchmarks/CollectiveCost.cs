using System.Diagnostics;
using System.Globalization;
using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Benchmarks;

/// <summary>Microseconds of an all-reduce (Float32, Sum) between the processes of a run: bare MPI, our communicators on it, and shared memory. To be started by mpirun.</summary>
internal static class CollectiveCost
{
    private const int Turns = 21;
    private const double WarmUpSeconds = 5;

    /// <summary>Bytes of each message.</summary>
    private static readonly int[] Sizes = [4 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];

    private static readonly int[] WarmSizes = [4 << 10, 256 << 10];

    /// <summary>Prints a line for each size, on rank 0.</summary>
    public static void Measure(TextWriter output)
    {
        using var cluster = Cluster.Join();
        if (cluster.Process is not { } process) throw new DunlinException("Start this with mpirun: mpirun -np 2 dunlin-bench collectives.");
        using var mpi = process.CreateWorld(new());
        var shared = cluster.CreateWorld(1, new())[0];
        var kinds = new List<(string Name, ICommunicator Group, Func<long, NativeBuffer>? Rent, Action<CommBuffer> Run)>
        {
            ("bare", mpi, null, b => MpiProcess.Check(MpiNative.MPI_Allreduce(process.InPlace, b.Address, (int)b.Count, process.Reductions.Type(b.Type), process.Reductions.Operation(b.Type, ReduceOp.Sum), process.Constants.World), "MPI_Allreduce")),
            ("mpi", mpi, null, b => ((ICommunicator)mpi).AllReduce(b)),
            ("mpi_started", mpi, null, b => mpi.StartAllReduce(b, ReduceOp.Sum).Wait()),
            ("shared_copied", shared, null, b => ((ICommunicator)shared).AllReduce(b)),
            ("shared", shared, ((ICommunicator)shared).Rent, b => ((ICommunicator)shared).AllReduce(b)),
        };
        WarmUp(mpi, [.. from kind in kinds from bytes in WarmSizes select (kind.Run, (kind.Rent ?? NativeBuffer.Rent)(bytes), bytes)]);
        foreach (var bytes in Sizes)
        {
            var least = kinds.ToDictionary(k => k.Name, _ => double.MaxValue);
            var buffers = kinds.Select(k => (k.Rent ?? NativeBuffer.Rent)(bytes)).ToArray();
            var times = Math.Clamp((64 << 20) / bytes, 3, 6000);
            // Turn about, so that a machine that changes its speed changes all.
            for (var turn = 0; turn < Turns; turn++)
                for (var k = 0; k < kinds.Count; k++)
                {
                    var buffer = new CommBuffer(buffers[k].Address, bytes / sizeof(float), DType.Float32);
                    Fill(buffer);
                    ((ICommunicator)mpi).Barrier();
                    kinds[k].Run(buffer);
                    var begin = Stopwatch.GetTimestamp();
                    for (var i = 0; i < times; i++) kinds[k].Run(buffer);
                    least[kinds[k].Name] = Math.Min(least[kinds[k].Name], Stopwatch.GetElapsedTime(begin).TotalMicroseconds / times);
                }
            if (cluster.Rank == 0)
                output.WriteLine($$"""{"bytes":{{bytes}},"ranks":{{cluster.Size}},{{string.Join(",", least.Select(l => string.Create(CultureInfo.InvariantCulture, $"\"{l.Key}_us\":{l.Value:F2}")))}}}""");
            GC.KeepAlive(buffers);
        }
        shared.Dispose();
    }

    /// <summary>What the runtime has not compiled in full yet is up to five times as slow, and beside two ranks that spin it takes its time to compile.</summary>
    private static void WarmUp(ICommunicator ranks, IReadOnlyList<(Action<CommBuffer> Run, NativeBuffer Buffer, int Bytes)> calls)
    {
        var begin = Stopwatch.GetTimestamp();
        while (ranks.AllGatherNumbers(Stopwatch.GetElapsedTime(begin).TotalSeconds < WarmUpSeconds ? 1 : 0).All(goes => goes == 1))
            foreach (var (run, buffer, bytes) in calls)
                for (var i = 0; i < 50; i++) run(new(buffer.Address, bytes / sizeof(float), DType.Float32));
    }

    private static unsafe void Fill(CommBuffer buffer) => new Span<float>((void*)buffer.Address, (int)buffer.Count).Clear();
}
