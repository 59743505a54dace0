using System.Numerics;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Samples.Hpc.AllReduces;

/// <summary>A way to leave the sum of all ranks' buffers in every rank's, and what it costs.</summary>
/// <param name="Name">As people call it.</param>
/// <param name="Run">The program of one rank. The buffer is of Float32.</param>
/// <param name="Time">Its time, for p ranks and n bytes that p divides.</param>
public sealed record Algorithm(string Name, Action<Port, CommBuffer> Run, Func<int, double, Cost, double> Time)
{
    /// <summary>All of them, the worst first.</summary>
    public static IReadOnlyList<Algorithm> All { get; } =
    [
        new("server", Server, (p, n, c) => (p - 1) * (2 * (c.Alpha + n * c.Beta) + n * c.Gamma)),
        new("tree", Tree, (p, n, c) => Ceiling(p) * (2 * (c.Alpha + n * c.Beta) + n * c.Gamma)),
        new("recursive doubling", Doubling, (p, n, c) => Floor(p) * (c.Alpha + n * c.Beta + n * c.Gamma) + (BitOperations.IsPow2(p) ? 0 : 2 * (c.Alpha + n * c.Beta) + n * c.Gamma)),
        new("ring", Ring, (p, n, c) => 2 * (p - 1) * (c.Alpha + n / p * c.Beta) + (p - 1) * (n / p * c.Gamma)),
    ];

    // A CommBuffer does not keep its tensor alive: whoever makes the tensor does, until the last message has come.

    /// <summary>Everybody sends to rank 0, which adds up and sends back. Its one door is what all wait for.</summary>
    private static void Server(Port port, CommBuffer buffer)
    {
        if (port.Rank > 0)
        {
            port.Send(buffer, 0);
            port.Receive(buffer, 0);
            return;
        }
        var others = Tensor.Uninitialized(buffer.Type, [(int)buffer.Count]);
        for (var from = 1; from < port.Size; from++)
        {
            port.Receive(others, from);
            port.Add(buffer, others);
        }
        GC.KeepAlive(others);
        for (var to = 1; to < port.Size; to++) port.Send(buffer, to);
    }

    /// <summary>A binomial tree: in round k, ranks at distance 2ᵏ pair up, and one hands its sum to the other; then the sum goes the same way back.</summary>
    private static void Tree(Port port, CommBuffer buffer)
    {
        var other = Tensor.Uninitialized(buffer.Type, [(int)buffer.Count]);
        var distance = 1;
        for (; distance < port.Size && (port.Rank & distance) == 0; distance <<= 1)
        {
            if (port.Rank + distance >= port.Size) continue;
            port.Receive(other, port.Rank + distance);
            port.Add(buffer, other);
        }
        GC.KeepAlive(other);
        if (port.Rank > 0)
        {
            port.Send(buffer, port.Rank - distance);
            port.Receive(buffer, port.Rank - distance);
        }
        for (distance >>= 1; distance > 0; distance >>= 1)
            if (port.Rank + distance < port.Size) port.Send(buffer, port.Rank + distance);
    }

    /// <summary>In round k, ranks at distance 2ᵏ exchange their sums. Ranks beyond a power of two hand theirs to a neighbour before, and get the result after.</summary>
    private static void Doubling(Port port, CommBuffer buffer)
    {
        var other = Tensor.Uninitialized(buffer.Type, [(int)buffer.Count]);
        var power = 1 << Floor(port.Size);
        var pairs = port.Size - power; // the first 2 · pairs ranks: each even one hands over to the odd one after it
        if (port.Rank < 2 * pairs && port.Rank % 2 == 0)
        {
            port.Send(buffer, port.Rank + 1);
            port.Receive(buffer, port.Rank + 1);
            return;
        }
        if (port.Rank < 2 * pairs)
        {
            port.Receive(other, port.Rank - 1);
            port.Add(buffer, other);
        }
        var place = port.Rank < 2 * pairs ? port.Rank / 2 : port.Rank - pairs;
        for (var distance = 1; distance < power; distance <<= 1)
        {
            var partner = place ^ distance;
            var rank = partner < pairs ? 2 * partner + 1 : partner + pairs;
            port.Exchange(buffer, rank, other, rank);
            port.Add(buffer, other);
        }
        GC.KeepAlive(other);
        if (port.Rank < 2 * pairs) port.Send(buffer, port.Rank - 1);
    }

    /// <summary>Buffers are cut into p chunks. Each chunk goes once around and is added to, and once more around to be known: every rank sends 2(p − 1)/p of a buffer, however many there are.</summary>
    private static void Ring(Port port, CommBuffer buffer)
    {
        var (p, r) = (port.Size, port.Rank);
        CommBuffer Chunk(int index)
        {
            var c = (index % p + p) % p;
            var (begin, end) = (buffer.Count * c / p, buffer.Count * (c + 1) / p);
            return Port.Slice(buffer, begin, end - begin);
        }
        var (left, right) = ((r + p - 1) % p, (r + 1) % p);
        var other = Tensor.Uninitialized(buffer.Type, [(int)(buffer.Count / p + 1)]);
        for (var s = 0; s < p - 1; s++)
        {
            var mine = Chunk(r - s - 1);
            var place = Port.Slice(other, 0, mine.Count);
            port.Exchange(Chunk(r - s), right, place, left);
            port.Add(mine, place);
        }
        GC.KeepAlive(other);
        for (var s = 0; s < p - 1; s++) port.Exchange(Chunk(r + 1 - s), right, Chunk(r - s), left);
    }

    private static int Floor(int p) => BitOperations.Log2((uint)p);

    private static int Ceiling(int p) => p == 1 ? 0 : Floor(p - 1) + 1;
}
