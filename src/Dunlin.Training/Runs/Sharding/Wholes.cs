using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Training;

/// <summary>Whole tensors of variables of which each worker holds a piece. All workers call together.</summary>
internal static class Wholes
{
    /// <summary>Brings each variable's tensor to the worker that is to have it.</summary>
    /// <param name="communicator">All workers.</param>
    /// <param name="session">Holds the variables.</param>
    /// <param name="variables">The variables, in the same order on all workers.</param>
    /// <param name="owners">For each, a worker.</param>
    /// <returns>What this worker is to have: the session's own memory where that is whole.</returns>
    public static Dictionary<string, Tensor> Bring(ICommunicator communicator, Session session, IReadOnlyList<(string Name, Variable Variable)> variables, IReadOnlyList<int> owners)
    {
        var brought = new Dictionary<string, Tensor>();
        for (var i = 0; i < variables.Count; i++)
        {
            var (name, variable) = variables[i];
            var own = session.Storage(variable);
            if (variable.Cut is not { } cut)
            {
                if (owners[i] == communicator.Rank) brought[name] = own;
            }
            else if (owners[i] == communicator.Rank) brought[name] = Receive(communicator, own, cut);
            else if (cut.Count(communicator.Rank) is > 0 and var count) communicator.Send(new CommBuffer(own.Address, count, own.Type), owners[i]);
        }
        return brought;
    }

    /// <summary>One variable's tensor, on all workers.</summary>
    public static Tensor OnAll(ICommunicator communicator, Session session, Variable variable)
    {
        var whole = Tensor.Uninitialized(variable.WholeType.Type, variable.WholeType.Shape);
        BringToAll(communicator, session, variable, whole);
        return whole;
    }

    /// <summary>Brings one variable's tensor to all workers.</summary>
    public static unsafe void BringToAll(ICommunicator communicator, Session session, Variable variable, Tensor target)
    {
        var all = Tensor.Uninitialized(target.Type, [checked(variable.Cut!.Length * communicator.Size)]);
        communicator.AllGather(session.Storage(variable), all);
        Buffer.MemoryCopy((void*)all.Address, (void*)target.Address, target.Bytes, target.Bytes);
        GC.KeepAlive(all);
        GC.KeepAlive(target);
    }

    private static unsafe Tensor Receive(ICommunicator communicator, Tensor own, Cut cut)
    {
        var whole = Tensor.Uninitialized(cut.Whole.Type, cut.Whole.Shape);
        for (var r = 0; r < cut.Ranks; r++)
        {
            var part = new CommBuffer(whole.Address + (nint)(cut.Begin(r) * own.Type.Size()), cut.Count(r), own.Type);
            if (part.Count == 0) continue;
            if (r == communicator.Rank) Buffer.MemoryCopy((void*)own.Address, (void*)part.Address, part.Bytes, part.Bytes);
            else communicator.Receive(part, r);
        }
        return whole;
    }
}
