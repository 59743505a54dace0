using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

internal sealed partial class ServerHost
{
    /// <summary>Serves a worker until its connection ends; in a thread of its own.</summary>
    /// <exception cref="RefusedException">It is none of the run's, or learns something else.</exception>
    public void Serve(FrameConnection connection, Caller caller)
    {
        var hosted = new HostedConnection(this, connection, caller.Number);
        try { hosted.Join(caller); }
        catch (RefusedException e)
        {
            Handshake.Refuse(connection, e.Message, e.MayPass);
            throw new RefusedException($"worker {caller.Number}: {e.Message}");
        }
        try { hosted.Run(); }
        catch (Exception e) when (e is FrameException or RefusedException)
        {
            Handshake.Refuse(connection, e.Message);
            throw;
        }
        finally { Release(hosted, caller.Number); }
    }

    /// <summary>A worker's connection: its requests, one after the other.</summary>
    private sealed class HostedConnection : IFrameRules, IDisposable
    {
        /// <summary>How often one who waits is told so.</summary>
        private const int WaitingMilliseconds = 1000;

        /// <summary>Where a plain wait looks whether the other side is still there.</summary>
        private const int LookMilliseconds = 250;

        /// <summary>More than a step reads of one server.</summary>
        private const int MostRowLists = 4096;

        private readonly ServerHost _host;
        private readonly FrameConnection _connection;
        private readonly int _worker;
        private HostedCall _call = null!;
        private readonly FrameLimits _plain = new(0);
        private readonly FrameLimits _text = new(CallFrames.ShortText);
        private readonly FrameLimits _gradients;
        private readonly FrameLimits _measured;
        private readonly FrameLimits _program = CallFrames.ProgramLimits;
        private bool _hasJoined;
        private Tensor[]? _all;

        public HostedConnection(ServerHost host, FrameConnection connection, int worker)
        {
            (_host, _connection, _worker) = (host, connection, worker);
            _gradients = new(0, CallFrames.GradientLimits(host._node.Shard.Slices, host._settings.Forms));
            _measured = new(0, CallFrames.MeasuredLimits(host._node.Shard.Slices, host._settings.Forms));
        }

        public string Peer => _connection.Peer;

        public bool IsBroken => _connection.IsBroken;

        public FrameLimits? Of(in FrameHeader header) => header.Kind switch
        {
            FrameKind.Join when !_hasJoined => new(CallFrames.MostText),
            _ when !_hasJoined => null,
            FrameKind.Call when CallFrames.HasGradients(header) => CallFrames.HasMeasures(header) ? _measured : _gradients,
            FrameKind.Vectors => _program,
            FrameKind.Call or FrameKind.Piece or FrameKind.Probe or FrameKind.Begin or FrameKind.Collect or FrameKind.Stop or FrameKind.Leave or FrameKind.AwaitAll or FrameKind.Farewell => _plain,
            FrameKind.Rows when header.Tensors is > 0 and <= MostRowLists => CallFrames.RowLimits(header.Tensors, _host._node.Shard.Slices),
            FrameKind.Classes => CallFrames.ClassLimits(header, _host._node.Shard.Slices, _host._settings.Forms),
            FrameKind.Initialize => new(0, [.. _host._node.Shard.Weights.Concat(_host._node.Shard.State.Select(s => s.Elements)).Select(t => new TensorLimit(t.TensorType))]),
            FrameKind.Fail => _text,
            _ => null,
        };

        public void Dispose() => _connection.Dispose();

        /// <summary>The first request.</summary>
        public void Join(Caller caller)
        {
            const int PatienceMilliseconds = 10_000;
            var settings = _host._settings;
            var header = _connection.Receive(this, Environment.TickCount64 + PatienceMilliseconds);
            if (caller.Number < 0 || caller.Number >= settings.Workers) throw new RefusedException($"the run has {settings.Workers} workers, numbered from 0, and none is {caller.Number}.");
            var (servers, number, run) = (header.Fields[0], header.Fields[1], header.Fields[2]);
            if (servers != settings.Servers || number != settings.Number)
                throw new RefusedException($"it takes this for server {number} of {servers}, and this is server {settings.Number} of {settings.Servers}: the list of servers is to be the same everywhere.");
            var (wanted, description) = CallFrames.ReadOpening(_connection.Text, _host._node.Shard.Slices.Count);
            if (ServedModel.Difference(description, settings.Description) is { } difference) throw new RefusedException(difference);
            if (run != 0 && run != _host._run) throw new RefusedException("this server was started again and has no log of the run: the run begins anew, from the last checkpoint.");
            _call = new HostedCall(_host._node.Shard, settings.Forms, wanted) { Worker = _worker };
            _hasJoined = true;
            _host.Admit(this, caller);
            _connection.Send(FrameKind.Done, text: _host._state);
        }

        public void Run()
        {
            while (true)
            {
                var header = _connection.Receive(this);
                switch (header.Kind)
                {
                    case FrameKind.Call or FrameKind.Rows or FrameKind.Piece or FrameKind.Vectors or FrameKind.Classes:
                        if (!TakeCall(header)) return;
                        break;
                    case FrameKind.Probe:
                        _connection.Send(FrameKind.Done, CallFrames.AnswerFlags(false, stopping: false, free: _host.TryReserve(_worker)));
                        break;
                    case FrameKind.Initialize:
                        Initialize(header);
                        break;
                    case FrameKind.Begin:
                        Wait(() => _host._begin is not null, () => "worker 0, which brings the first weights");
                        var begin = _host._begin!.Value;
                        _connection.Send(FrameKind.Done, fields: [begin.Step, begin.Epoch, begin.Batch, _host._run]);
                        break;
                    case FrameKind.Collect:
                        Collect();
                        break;
                    case FrameKind.AwaitAll:
                        Wait(() => _host._node.Members.Count == 0, () => $"workers {string.Join(", ", _host._node.Members.Keys.Order())}, which have steps to do");
                        _connection.Send(FrameKind.Done);
                        break;
                    default:
                        Note(header.Kind);
                        _connection.Send(FrameKind.Done);
                        if (header.Kind == FrameKind.Farewell) return;
                        break;
                }
            }
        }

        private bool TakeCall(in FrameHeader header)
        {
            // Questions about classes were looked at with their limits.
            if (header.Kind != FrameKind.Classes && CallFrames.Refuse(header) is { } refusal) throw new FrameException(refusal);
            if (header.Kind == FrameKind.Rows) _call.TakeRows(_connection, header);
            else if (header.Kind == FrameKind.Vectors) _call.TakeProgram(_connection, header);
            else if (header.Kind == FrameKind.Classes) _call.TakeClasses(_connection, header);
            else _call.Take(_connection, header);
            if (!_host.Handle(this, _call)) return false;
            for (var waited = 0; !_call.Wait(LookMilliseconds);)
            {
                // Who is cut off while it waits is not seen by reading.
                if (_connection.IsBroken) return false;
                waited += LookMilliseconds;
                if (waited % WaitingMilliseconds == 0) _connection.Send(FrameKind.Waiting, text: _host.Missing());
            }
            if (_call.Refusal is { } reason) _connection.Send(FrameKind.Refused, text: reason);
            else CallFrames.Answer(_connection, _call, _call.Given, _call.IsStopping);
            return true;
        }

        private void Initialize(in FrameHeader header)
        {
            if (_worker != 0) throw new FrameException($"Worker {_worker} brings weights, and that is for worker 0.");
            var begin = new RunPosition(header.Fields[0], header.Fields[1], (int)Math.Clamp(header.Fields[2], 0, int.MaxValue));
            var shard = _host._node.Shard;
            var weights = shard.Slices.Select(s => Tensor.Uninitialized(s.Type.Type, s.Type.Shape)).ToArray();
            var state = shard.State.Select(s => Tensor.Uninitialized(s.Elements.Type, s.Elements.Shape)).ToArray();
            foreach (var tensor in weights) _connection.Receive(tensor);
            foreach (var tensor in state) _connection.Receive(tensor);
            lock (_host._gate)
            {
                if (_host._begin is null && !_host._isOver)
                {
                    _host._node.Initialize(weights);
                    foreach (var (own, brought) in shard.State.Zip(state)) brought.CopyTo(own.Elements);
                    shard.Version = begin.Step * _host._settings.UpdatesPerStep;
                    _host._journal?.Initialize(_host._run, begin, [.. weights, .. state]);
                    _host._begin = begin;
                    var patience = Environment.TickCount64 + (long)_host._settings.FirstWait.TotalMilliseconds;
                    foreach (var seat in _host._seats) if (seat.Session == 0) seat.LeaveAt = patience;
                    Monitor.PulseAll(_host._gate);
                }
            }
            _connection.Send(FrameKind.Done);
        }

        private void Collect()
        {
            var shard = _host._node.Shard;
            lock (_host._gate)
            {
                if (_host._isOver) throw new RefusedException("the run is over.");
                IReadOnlyList<Tensor> held = [.. shard.Weights, .. shard.State.Select(s => s.Elements)];
                _all ??= [.. held.Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
                for (var i = 0; i < _all.Length; i++) held[i].CopyTo(_all[i]);
            }
            _connection.Send(FrameKind.Done, tensors: _all);
        }

        private void Note(FrameKind kind)
        {
            lock (_host._gate)
            {
                var seat = _host._seats[_worker];
                if (seat.Connection != this || _host._isOver) return;
                if (kind == FrameKind.Stop) _host.Stop();
                if (kind is FrameKind.Leave or FrameKind.Farewell) _host.Leave(_worker);
                if (kind == FrameKind.Farewell) seat.IsFinished = true;
                if (kind == FrameKind.Fail) _host.Fail($"worker {_worker} failed: {_connection.Text}");
                Monitor.PulseAll(_host._gate);
            }
        }

        /// <summary>Waits until something is so, and tells the other side now and then for whom.</summary>
        private void Wait(Func<bool> isSo, Func<string> missing)
        {
            while (true)
            {
                string who;
                lock (_host._gate)
                {
                    if (_host._failure is { } failure) throw new RefusedException(failure);
                    var until = Environment.TickCount64 + WaitingMilliseconds;
                    while (!isSo() && Environment.TickCount64 < until && !_connection.IsBroken && _host._failure is null) Monitor.Wait(_host._gate, LookMilliseconds);
                    if (isSo()) return;
                    who = missing();
                }
                if (_connection.IsBroken) throw new ConnectionLostException("the other side has closed the connection");
                _connection.Send(FrameKind.Waiting, text: who);
            }
        }
    }
}
