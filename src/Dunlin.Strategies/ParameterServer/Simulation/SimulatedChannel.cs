using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>A server on virtual time, as a worker reaches it.</summary>
internal sealed class SimulatedChannel(SimulatedWorker worker, SimulatedServer server) : IServerChannel
{
    private ServerCall? _call;
    private long _request;

    public IReadOnlyList<Slice> Slices => server.Slices;

    public SimulatedPort Port => worker.Port;

    public ServerCall NewCall() => new Call { Worker = worker.Rank };

    public void Send(ServerCall call) => worker.Act(() =>
    {
        call.Renew();
        worker.Sent();
        _call = call;
        Transmit(new Message(this, call, ++_request, worker.Incarnation));
        worker.GoOn();
    });

    public bool TryReserve()
    {
        var isReserved = false;
        worker.Act(() => worker.After(worker.Cluster.Latency, () =>
        {
            isReserved = server.TryReserve(worker.Rank);
            worker.After(worker.Cluster.Latency, worker.GoOn);
        }));
        return isReserved;
    }

    public void Await(ServerCall call)
    {
        // Where it is, the worker was told before it went on.
        if (!call.IsAnswered) worker.Act(() => worker.WaitFor(call));
        if (call.Refusal is { } refusal) throw new DunlinException(refusal);
    }

    public void Collect(IReadOnlyList<Tensor> weights, StatePlaces state) => worker.Act(() => server.WhenUp(node =>
    {
        node.Shard.CopyTo(weights, state);
        worker.GoOn();
    }));

    /// <summary>An answer has come. One to an older request, or a second one, is not looked at.</summary>
    public void Deliver(long request, ServerCall answer)
    {
        if (request != _request || _call is not { IsAnswered: false } call || worker.IsDead) return;
        if (answer.Refusal is { } refusal) call.Refuse(refusal);
        else
        {
            for (var i = 0; i < call.Weights?.Length; i++)
                if (call.Weights[i] is { } place) answer.Weights![i]!.CopyTo(place);
            if (call.Results is { } numbers) answer.Results!.CopyTo(numbers);
            call.Piece = answer.Piece;
            if (call.Classes is { } query) answer.Classes!.Answer.CopyTo(query.Answer);
            for (var i = 0; i < call.Rows?.Length; i++) answer.Rows![i].Rows.CopyTo(call.Rows[i].Rows);
            call.Answer(answer.Clock, answer.Number, answer.Version, answer.IsStopping);
        }
        worker.Answered(call);
    }

    private void Transmit(Message message)
    {
        worker.Send(server.Port, message.Bytes, () => server.Arrive(message));
        if (worker.Cluster.Failures is not { } failures) return;
        worker.After(failures.RetryAfter, () =>
        {
            if (message.Request == _request && !message.Call.IsAnswered && !worker.IsDead) Transmit(message);
        });
    }

    private sealed class Call : ServerCall
    {
        protected override void Answered() { }
    }
}
