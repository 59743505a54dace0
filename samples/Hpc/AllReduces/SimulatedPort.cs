using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Samples.Hpc.AllReduces;

/// <summary>
/// Sends real messages, and with each the time of a clock that knows only the cost model: so the program of an algorithm itself says how long it would take on a machine that we do not have.
/// A rank has one door, through which one message can go out while one comes in.
/// </summary>
public sealed class SimulatedPort(ICommunicator ranks, Cost cost) : Port(ranks)
{
    private const int Time = 1;

    /// <summary>Seconds since the beginning.</summary>
    public double Clock { get; private set; }

    /// <summary>Messages that this rank has sent.</summary>
    public int Messages { get; private set; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; private set; }

    public override void Send(CommBuffer what, int to)
    {
        var clock = Tensor.From([Clock]);
        var sending = Ranks.StartSend(clock, to, Time);
        base.Send(what, to);
        sending.Wait();
        GC.KeepAlive(clock);
        Clock += Count(what);
    }

    public override void Receive(CommBuffer where, int from)
    {
        var clock = Tensor.From([0.0]);
        var receiving = Ranks.StartReceive(clock, from, Time);
        base.Receive(where, from);
        receiving.Wait();
        Clock = Math.Max(Clock, clock.ToArray<double>()[0]) + Seconds(where);
    }

    public override void Exchange(CommBuffer what, int to, CommBuffer where, int from)
    {
        var mine = Tensor.From([Clock]);
        var theirs = Tensor.From([0.0]);
        var sending = Ranks.StartSend(mine, to, Time);
        Ranks.Receive(theirs, from, Time);
        sending.Wait();
        GC.KeepAlive(mine);
        base.Exchange(what, to, where, from);
        Clock = Math.Max(Clock + Count(what), Math.Max(Clock, theirs.ToArray<double>()[0]) + Seconds(where));
    }

    public override void Add(CommBuffer target, CommBuffer what)
    {
        base.Add(target, what);
        Clock += what.Bytes * cost.Gamma;
    }

    private double Count(CommBuffer message)
    {
        Messages++;
        Bytes += message.Bytes;
        return Seconds(message);
    }

    private double Seconds(CommBuffer message) => cost.Alpha + message.Bytes * cost.Beta;
}
