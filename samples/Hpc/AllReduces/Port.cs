using System.Numerics.Tensors;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Samples.Hpc.AllReduces;

/// <summary>A rank's door to the others: messages from one rank to another, of which all collectives are made.</summary>
public class Port(ICommunicator ranks)
{
    private const int Data = 0;

    public int Rank => ranks.Rank;

    public int Size => ranks.Size;

    protected ICommunicator Ranks => ranks;

    /// <summary>Sends to one rank.</summary>
    public virtual void Send(CommBuffer what, int to) => ranks.Send(what, to, Data);

    /// <summary>Receives from one rank.</summary>
    public virtual void Receive(CommBuffer where, int from) => ranks.Receive(where, from, Data);

    /// <summary>Sends and receives at the same time.</summary>
    public virtual void Exchange(CommBuffer what, int to, CommBuffer where, int from)
    {
        var sending = ranks.StartSend(what, to, Data);
        ranks.Receive(where, from, Data);
        sending.Wait();
    }

    /// <summary>target += what, of Float32.</summary>
    public virtual void Add(CommBuffer target, CommBuffer what) => TensorPrimitives.Add(Floats(target), Floats(what), Floats(target));

    /// <summary>Elements from one place on.</summary>
    public static CommBuffer Slice(CommBuffer buffer, long begin, long count) => new((nint)(buffer.Address + begin * buffer.Type.Size()), count, buffer.Type);

    private static unsafe Span<float> Floats(CommBuffer buffer) => new((void*)buffer.Address, (int)buffer.Count);
}
