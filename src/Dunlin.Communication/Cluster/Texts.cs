using System.Text;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Text between ranks.</summary>
public static class Texts
{
    /// <summary>Rank 0's text, on every rank. All ranks call; the others' text is not looked at.</summary>
    public static string BroadcastText(this ICommunicator communicator, string? text)
    {
        var bytes = communicator.Rank == 0 ? Encoding.UTF8.GetBytes(text ?? "") : [];
        var length = Tensor.From([bytes.Length]);
        communicator.Broadcast(length, 0);
        var content = Tensor.Zeros(DType.UInt8, [length.Item<int>()]);
        if (communicator.Rank == 0) bytes.CopyTo(content.Span<byte>());
        communicator.Broadcast(content, 0);
        return Encoding.UTF8.GetString(content.Span<byte>());
    }

    /// <summary>Every rank's text, by rank, on every rank. All ranks call.</summary>
    public static string[] AllGatherText(this ICommunicator communicator, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var lengths = Tensor.Zeros(DType.Int32, [communicator.Size]);
        communicator.AllGather(Tensor.From([bytes.Length]), lengths);
        var most = Math.Max(1, lengths.ToArray<int>().Max());
        var own = Tensor.Zeros(DType.UInt8, [most]);
        bytes.CopyTo(own.Span<byte>());
        var all = Tensor.Zeros(DType.UInt8, [communicator.Size * most]);
        communicator.AllGather(own, all);
        return [.. lengths.ToArray<int>().Select((length, r) => Encoding.UTF8.GetString(all.Span<byte>().Slice(r * most, length)))];
    }
}
