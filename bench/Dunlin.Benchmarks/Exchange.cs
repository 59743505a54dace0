using System.Diagnostics;
using Dunlin.Communication;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Benchmarks;

/// <summary>How much of the exchange of gradients a step hides. The ranks are processes of one machine, whose clock they share.</summary>
internal sealed class Exchange : IStepObserver
{
    private const int Steps = 9, Turns = 5;

    private readonly List<Bucket> _buckets = [];
    private long _begin;

    /// <summary>The last step's buckets in the order in which they go: bytes, and milliseconds from the step's begin.</summary>
    public IEnumerable<(long Bytes, double Ready)> Buckets => _buckets.Select(b => (b.Bytes, Since(_begin, b.Start)));

    /// <summary>When there was nothing left to do in the last step but to wait, in milliseconds from its begin.</summary>
    public double BackwardEnd => _buckets.Count == 0 ? 0 : Since(_begin, _buckets.Min(b => b.WaitBegin));

    /// <summary>
    /// Milliseconds of a step in which a rank waits for sums though all ranks have begun the exchange: the mean over steps, of the rank that waits longest. Waiting for a rank that is late is not exchange.
    /// </summary>
    public double Exposed(Measurement measured, ICommunicator ranks)
    {
        var total = 0.0;
        for (var step = 0; step < Steps; step++)
        {
            _buckets.Clear();
            _begin = 0;
            measured.Step(this);
            var all = ranks.AllGatherNumbers([.. _buckets.SelectMany(b => (long[])[b.Start, b.WaitBegin, b.WaitEnd])]);
            long At(int rank, int bucket, int what) => all[(rank * _buckets.Count + bucket) * 3 + what];
            total += Enumerable.Range(0, ranks.Size).Max(rank => Enumerable.Range(0, _buckets.Count).Sum(bucket =>
            {
                var allStarted = Enumerable.Range(0, ranks.Size).Max(r => At(r, bucket, 0));
                return Math.Max(0, Since(Math.Max(At(rank, bucket, 1), allStarted), At(rank, bucket, 2)));
            }));
        }
        return total / Steps;
    }

    /// <summary>Milliseconds that the step's exchange takes when nothing else is done.</summary>
    public double Alone(ICommunicator ranks)
    {
        var buffers = _buckets.Select(b => (Memory: (ranks.Rent ?? NativeBuffer.Rent)(b.Bytes), b.Bytes)).ToList();
        var times = new List<double>();
        for (var turn = 0; turn < Turns; turn++)
        {
            ranks.Barrier();
            var begin = Stopwatch.GetTimestamp();
            foreach (var (memory, bytes) in buffers) ranks.AllReduce(new CommBuffer(memory.Address, bytes / sizeof(float), DType.Float32));
            times.Add(Since(begin, Stopwatch.GetTimestamp()));
        }
        GC.KeepAlive(buffers);
        times.Sort();
        return times[Turns / 2];
    }

    public void Before(PlanKernel kernel)
    {
        var now = Stopwatch.GetTimestamp();
        if (_begin == 0) _begin = now;
        if (kernel.Operation == "AllReduceStart") _buckets.Add(new(kernel.Starts!.Value, kernel.OutputBytes[0], now));
        else if (kernel.Operation == "AllReduceWait") Of(kernel).WaitBegin = now;
    }

    public void After(PlanKernel kernel, ReadOnlySpan<nint> outputs)
    {
        if (kernel.Operation == "AllReduceWait") Of(kernel).WaitEnd = Stopwatch.GetTimestamp();
    }

    private Bucket Of(PlanKernel kernel) => _buckets.Single(b => b.Number == kernel.Awaits);

    private static double Since(long begin, long end) => Stopwatch.GetElapsedTime(begin, end).TotalMilliseconds;

    private sealed class Bucket(int number, long bytes, long start)
    {
        public int Number => number;

        public long Bytes => bytes;

        public long Start => start;

        public long WaitBegin { get; set; }

        public long WaitEnd { get; set; }
    }
}
