using System.Diagnostics;
using System.Numerics;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

/// <summary>A program of two ranks whose messages have more bytes than 32 bits count, and then more elements. All of what comes is compared with what should.</summary>
internal static unsafe class LongMessages
{
    private const long Bytes = (1L << 31) + 32, Elements = (1L << 31) + 6;

    /// <summary>Numbers repeat after a prime, so that nothing fits where it does not belong; and are copied and compared many at once.</summary>
    private const int Period = 251, Block = 512 * Period;

    /// <param name="shared">Whether ranks meet in shared memory, not in MPI.</param>
    /// <param name="calls">What is called: AllReduce, Send, AllGather, ReduceScatter.</param>
    public static int Run(bool shared, IReadOnlyList<string> calls)
    {
        using var cluster = Cluster.Join(new ClusterOptions { SharedMemory = shared });
        cluster.Run(1, comm =>
        {
            var memory = (comm.Rent ?? NativeBuffer.Rent)(Bytes);
            foreach (var call in calls)
            {
                Exchange<float>(comm, call, new(memory.Address, Bytes / sizeof(float), DType.Float32));
                Exchange<byte>(comm, call, new(memory.Address, Elements, DType.UInt8));
            }
            GC.KeepAlive(memory);
        });
        return 0;
    }

    private static void Exchange<T>(ICommunicator comm, string call, CommBuffer whole) where T : unmanaged, INumber<T>
    {
        var half = whole.Count / 2;
        CommBuffer Part(int rank) => new(whole.Address + (nint)(rank * (whole.Bytes / 2)), half, whole.Type);
        var (own, other) = (Part(comm.Rank), Part(1 - comm.Rank));
        T[] mine = Numbers<T>(comm.Rank), theirs = Numbers<T>(1 - comm.Rank), sums = [.. mine.Zip(theirs, (a, b) => a + b)];
        switch (call)
        {
            case "AllReduce":
                Fill(whole, mine);
                Time(() => comm.AllReduce(whole));
                Expect(whole, sums);
                break;
            case "Send" when comm.Rank == 0:
                Fill(whole, mine);
                Time(() => comm.Send(whole, peer: 1));
                break;
            case "Send":
                Time(() => comm.Receive(whole, peer: 0));
                Expect(whole, theirs);
                break;
            case "AllGather":
                Fill(own, mine);
                Time(() => comm.AllGather(own, whole));
                Expect(own, mine);
                Expect(other, theirs);
                break;
            case "ReduceScatter":
                Fill(own, mine);
                Fill(other, mine);
                Time(() => comm.ReduceScatter(whole, own));
                Expect(own, sums);
                break;
            default: throw new ArgumentException(call);
        }
        if (comm.Rank == 1) Console.WriteLine($"PASS {call} of {whole.Count} {whole.Type}");

        void Time(Action action)
        {
            comm.Barrier();
            var begin = Stopwatch.GetTimestamp();
            action();
            Console.WriteLine($"{call} of {whole.Count} {whole.Type}: {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s, {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB at most");
        }
    }

    private static T[] Numbers<T>(int rank) where T : INumber<T> => [.. Enumerable.Range(0, Block).Select(i => T.CreateChecked((100 * rank + i) % Period / 2))];

    private static void Fill<T>(CommBuffer buffer, T[] numbers) where T : unmanaged
    {
        for (var at = 0L; at < buffer.Count; at += Block) numbers.AsSpan(0, LengthAt(buffer, at)).CopyTo(At<T>(buffer, at));
    }

    private static void Expect<T>(CommBuffer buffer, T[] numbers) where T : unmanaged, INumber<T>
    {
        for (var at = 0L; at < buffer.Count; at += Block)
        {
            var actual = At<T>(buffer, at);
            var same = actual.CommonPrefixLength(numbers);
            if (same < actual.Length) throw new InvalidOperationException($"Element {at + same:N0} is {actual[same]}, not {numbers[same]}.");
        }
    }

    private static int LengthAt(CommBuffer buffer, long at) => (int)Math.Min(Block, buffer.Count - at);

    private static Span<T> At<T>(CommBuffer buffer, long at) where T : unmanaged => new((T*)buffer.Address + at, LengthAt(buffer, at));
}
