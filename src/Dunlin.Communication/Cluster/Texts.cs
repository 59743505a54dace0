using System.Text;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Small things between ranks: text, and a few numbers. Communicators know addresses only, so each tensor is kept until its call is over.</summary>
public static class Texts
{
    /// <summary>Every rank's numbers, in the order of the ranks, on every rank. All ranks call, with as many.</summary>
    public static long[] AllGatherNumbers(this ICommunicator communicator, params ReadOnlySpan<long> numbers)
    {
        var own = Tensor.Zeros(DType.Int64, [numbers.Length]);
        numbers.CopyTo(own.Span<long>());
        var all = Tensor.Zeros(DType.Int64, [communicator.Size * numbers.Length]);
        communicator.AllGather(own, all);
        GC.KeepAlive(own);
        return all.ToArray<long>();
    }

    /// <summary>Rank 0's text, on every rank. All ranks call; the others' text is not looked at.</summary>
    public static string BroadcastText(this ICommunicator communicator, string? text)
    {
        var bytes = communicator.Rank == 0 ? Encoding.UTF8.GetBytes(text ?? "") : [];
        var length = Tensor.From([bytes.Length]);
        communicator.Broadcast(length, 0);
        var content = Tensor.Zeros(DType.UInt8, [length.Item<int>()]);
        if (communicator.Rank == 0) bytes.CopyTo(content.Span<byte>());
        communicator.Broadcast(content, 0);
        return Encoding.UTF8.GetString(content.ToArray<byte>());
    }

    /// <summary>Every rank's text, by rank, on every rank. All ranks call.</summary>
    public static string[] AllGatherText(this ICommunicator communicator, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var lengths = communicator.AllGatherNumbers(bytes.Length);
        var most = (int)Math.Max(1, lengths.Max());
        var own = Tensor.Zeros(DType.UInt8, [most]);
        bytes.CopyTo(own.Span<byte>());
        var all = Tensor.Zeros(DType.UInt8, [communicator.Size * most]);
        communicator.AllGather(own, all);
        GC.KeepAlive(own);
        var texts = all.ToArray<byte>();
        return [.. lengths.Select((length, r) => Encoding.UTF8.GetString(texts, r * most, (int)length))];
    }
}
