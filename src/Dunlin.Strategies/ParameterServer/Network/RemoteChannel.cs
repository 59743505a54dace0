using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// A server in another process. When the connection breaks, another one is made and what was under way is sent again; the numbers of gradients make that harmless. For one worker's thread.
/// </summary>
internal sealed class RemoteChannel : IServerChannel, IFrameRules, IDisposable
{
    /// <summary>A server that is at work says so every second.</summary>
    private const int SilenceMilliseconds = 30_000;

    private readonly FrameConnector _connector;
    private readonly int _worker;
    private readonly int _number;
    private readonly int _servers;
    private readonly string _description;
    private readonly TimeSpan _reconnect;
    private readonly TimeSpan _timeout;
    private readonly FrameLimits _text = new(CallFrames.ShortText);
    private readonly FrameLimits _names = new(CallFrames.MostText);
    private readonly FrameLimits _weights;
    private FrameLimits _rows = new(0);
    private readonly Tensor[] _pushed;
    private FrameConnection? _connection;
    private FrameKind _asked;
    private long _run;
    private string? _lost;
    private long _sentAt;
    private IReadOnlyList<(string Name, Slice? Slice, TensorType Type)> _state = [];
    private FrameLimits? _everything;

    /// <param name="connector">Where the server is.</param>
    /// <param name="worker">Whose channel it is.</param>
    /// <param name="number">Which server.</param>
    /// <param name="servers">Of how many.</param>
    /// <param name="model">What is learned.</param>
    /// <param name="reconnect">How long a server may be out of reach.</param>
    /// <param name="timeout">How long others are waited for.</param>
    public RemoteChannel(FrameConnector connector, int worker, int number, int servers, ServedModel model, TimeSpan reconnect, TimeSpan timeout)
    {
        (_connector, _worker, _number, _servers, _reconnect, _timeout) = (connector, worker, number, servers, reconnect, timeout);
        Slices = model.Placement.Of(number);
        _description = CallFrames.Opening(Enumerable.Range(0, Slices.Count).Where(i => model.Tables.Contains(Slices[i].Variable) || model.Classes.Contains(Slices[i].Variable)), model.Description);
        _weights = new(0, [.. Slices.Where(s => !model.Tables.Contains(s.Variable) && !model.Classes.Contains(s.Variable)).Select(s => new TensorLimit(s.Type))]);
        _pushed = new Tensor[Slices.Sum(s => model.Sparse.Contains(s.Variable) ? 2 : 1) + 1];
        Connect();
    }

    public IReadOnlyList<Slice> Slices { get; }

    /// <summary>Is told of a server that is out of reach, and of one that is again; nobody unless set.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Whether the server was given up.</summary>
    public bool HasFailed { get; private set; }

    public ServerCall NewCall() => new RemoteCall { Worker = _worker };

    public bool TryReserve()
    {
        return CallFrames.IsFree(Ask(FrameKind.Probe, c => c.Send(FrameKind.Probe)));
    }

    public void Send(ServerCall call)
    {
        call.Renew();
        _sentAt = Environment.TickCount64;
        try { SendOnce(call); }
        catch (ConnectionLostException e) { Lose(e); }
    }

    public void Await(ServerCall call)
    {
        while (true)
        {
            try
            {
                if (_connection is null)
                {
                    Connect();
                    SendOnce(call);
                }
                var header = Receive(KindOf(call), _sentAt, call);
                call.Piece = (int)header.Fields[3];
                if (call.Results is { } results) _connection!.Receive(results);
                else if (call.Classes is { } query) _connection!.Receive(query.Answer);
                else if (call.Rows is { } rows)
                    foreach (var one in rows) _connection!.Receive(one.Rows);
                else if (header.Tensors > 0)
                    foreach (var tensor in call.Weights!)
                        if (tensor is not null) _connection!.Receive(tensor);
                call.Answer(header.Fields[0], header.Fields[1], header.Fields[2], CallFrames.IsStopping(header));
                return;
            }
            catch (ConnectionLostException e) { Lose(e); }
            catch (RefusedException e) { throw Refused(e); }
        }
    }

    public void Collect(IReadOnlyList<Tensor> weights, StatePlaces state) => Ask(FrameKind.Collect, c => c.Send(FrameKind.Collect), c =>
    {
        // Where they are to lie in the end: of large tables there is no room for a second time. What breaks off begins again.
        foreach (var place in weights) c.Receive(place);
        foreach (var (name, slice, type) in _state) c.Receive(state(name, slice, type) ?? Tensor.Uninitialized(type.Type, type.Shape));
    });

    /// <summary>Brings the first weights and the optimiser's state, which the server takes if it has none.</summary>
    public void Initialize(RemoteModel model, RunPosition position)
    {
        Tensor[] brought =
        [
            .. Slices.Select(s => Rows.Of(model.Session.Storage(model.Learned[s.Variable].Variable), s)),
            .. _state.Select(s => Rows.Of(
                model.Session.Storage(model.Session.Graph.FindVariable(s.Name) ?? throw new DunlinException($"Server {_number} keeps {s.Name}, for which the model of this worker has no room: build the optimiser into its graph as well ({nameof(Optimizer)}.{nameof(Optimizer.Build)}), and run the same version of Dunlin on all processes.")),
                s.Slice, s.Type)),
        ];
        Ask(FrameKind.Initialize, c => c.Send(FrameKind.Initialize, fields: [position.Step, position.Epoch, position.Batch], tensors: brought));
    }

    /// <summary>Waits until the server has weights. From then on it has to be the same one, or one that goes on from its log; before, one that is started again has lost nothing.</summary>
    /// <returns>Where the run began.</returns>
    public RunPosition Begin()
    {
        var header = Ask(FrameKind.Begin, c => c.Send(FrameKind.Begin));
        _run = header.Fields[3];
        return new(header.Fields[0], header.Fields[1], (int)header.Fields[2]);
    }

    /// <summary>Tells the server something, or waits for what it is asked: <see cref="FrameKind.Stop"/>, <see cref="FrameKind.Leave"/>, <see cref="FrameKind.AwaitAll"/>, <see cref="FrameKind.Fail"/>.</summary>
    public void Tell(FrameKind kind, string? text = null) => Ask(kind, c => c.Send(kind, text: text));

    /// <summary>Says that the server is needed no more, as far as it listens.</summary>
    public void Part()
    {
        if (_connection is null) return;
        try
        {
            _connection.Send(FrameKind.Farewell);
            _asked = FrameKind.Farewell;
            _connection.Receive(this, Environment.TickCount64 + SilenceMilliseconds);
        }
        catch (Exception e) when (e is ConnectionLostException or FrameException) { }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection?.Dispose();

    public FrameLimits? Of(in FrameHeader header) => header.Kind switch
    {
        FrameKind.Refused or FrameKind.Waiting => _text,
        FrameKind.Done => _asked switch
        {
            FrameKind.Join => _names,
            FrameKind.Call when CallFrames.WantsWeights(header) => _weights,
            FrameKind.Rows or FrameKind.Vectors or FrameKind.Classes => _rows,
            FrameKind.Collect => _everything ??= new(0, [.. Slices.Select(s => new TensorLimit(s.Type)), .. _state.Select(s => new TensorLimit(s.Type))]),
            _ => _text,
        },
        _ => null,
    };

    private void Connect()
    {
        HasFailed = true;
        if (_lost is not null) Log?.Invoke($"Worker {_worker} has lost server {_number} at {_connector.To}: {_lost}. It tries to reach it for {_reconnect.TotalSeconds:0.###} s.");
        try { _connection = _connector.Connect(_reconnect, Join); }
        catch (ConnectionLostException e) { throw new CommunicationException($"Worker {_worker}: server {_number} at {e.Message}{(_lost is null ? "" : $" The connection was lost: {_lost}.")}", e); }
        catch (RefusedException e) { throw Refused(e); }
        catch (FrameException e) { throw new CommunicationException($"Worker {_worker}: server {_number} at {_connector.To}: {e.Message}", e); }
        HasFailed = false;
        if (_lost is not null) Log?.Invoke($"Worker {_worker} has server {_number} again.");
    }

    private void Join(FrameConnection connection)
    {
        _asked = FrameKind.Join;
        connection.Send(FrameKind.Join, fields: [_servers, _number, _run], text: _description);
        var header = connection.Receive(this, Environment.TickCount64 + SilenceMilliseconds);
        if (header.Kind == FrameKind.Refused) throw new RefusedException(connection.Text, header.Flags != 0);
        _state = CallFrames.ReadState(connection.Text, Slices);
    }

    private static FrameKind KindOf(ServerCall call) => call.Program is not null ? FrameKind.Vectors : call.Rows is not null ? FrameKind.Rows : call.Classes is not null ? FrameKind.Classes : call.WantsPiece ? FrameKind.Piece : FrameKind.Call;

    private void SendOnce(ServerCall call)
    {
        if (_connection is null) return;
        if (call.Program is { } program)
        {
            _rows = new(0, [new TensorLimit(call.Results!.TensorType)]);
            CallFrames.Send(_connection, call, [program], FrameKind.Vectors);
            return;
        }
        if (call.Rows is { } asked)
        {
            _rows = new(0, [.. asked.Select(r => new TensorLimit(r.Rows.TensorType))]);
            CallFrames.Send(_connection, call, (Tensor[])[Tensor.From(asked.Select(r => (long)r.Slice).ToArray()), .. asked.Select(r => r.Numbers)], FrameKind.Rows);
            return;
        }
        if (call.Classes is { } query)
        {
            _rows = new(0, new TensorLimit(query.Answer.TensorType));
            CallFrames.Send(_connection, call, query);
            return;
        }
        var count = 0;
        foreach (var gradient in call.Gradients ?? [])
        {
            if (gradient.Values is null) continue;
            _pushed[count++] = gradient.Values;
            if (gradient.Rows is { } rows) _pushed[count++] = rows;
        }
        if (call.Measures is { } measures) _pushed[count++] = measures;
        CallFrames.Send(_connection, call, _pushed.AsSpan(0, count), KindOf(call));
        GC.KeepAlive(call);
    }

    private FrameHeader Ask(FrameKind kind, Action<FrameConnection> send, Action<FrameConnection>? receive = null)
    {
        var since = Environment.TickCount64;
        while (true)
        {
            try
            {
                if (_connection is null) Connect();
                send(_connection!);
                var header = Receive(kind, since);
                receive?.Invoke(_connection!);
                return header;
            }
            catch (ConnectionLostException e) { Lose(e); }
            catch (RefusedException e) { throw Refused(e); }
        }
    }

    /// <summary>Receives the answer to a request.</summary>
    private FrameHeader Receive(FrameKind asked, long since, ServerCall? call = null)
    {
        _asked = asked;
        var missing = "";
        while (true)
        {
            FrameHeader header;
            try { header = _connection!.Receive(this, Environment.TickCount64 + SilenceMilliseconds); }
            catch (FrameException e) { throw new CommunicationException($"Worker {_worker}: server {_number} at {_connector.To}: {e.Message}", e); }
            if (header.Kind == FrameKind.Done) return header;
            if (header.Kind == FrameKind.Refused) throw new RefusedException(_connection.Text);
            if (_connection.Text is { Length: > 0 } text) missing = text;
            var waited = Environment.TickCount64 - since;
            // Others may have steps to do for hours after this worker's last one.
            if (waited <= _timeout.TotalMilliseconds || asked == FrameKind.AwaitAll) continue;
            // The server still has the request: what comes next goes over another connection.
            Lose(new("its worker waits no longer"));
            throw new CommunicationException($"Worker {_worker} waited {_timeout.TotalSeconds:0.###} s for server {_number}{(call is null ? "" : $" at step {call.Clock + 1}")}; the server waits for {(missing.Length > 0 ? missing : "nobody: it is still at work")}.");
        }
    }

    private void Lose(ConnectionLostException e)
    {
        _connection?.Dispose();
        (_connection, _lost) = (null, e.Message.TrimEnd('.'));
    }

    private CommunicationException Refused(RefusedException e) => new($"Server {_number} at {_connector.To}: {e.Message}", e);

    private sealed class RemoteCall : ServerCall
    {
        protected override void Answered() { }
    }
}
