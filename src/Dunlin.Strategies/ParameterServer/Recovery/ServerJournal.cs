using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// What makes a server that died come back as it was: it is a state machine (<see cref="ServerNode"/>), so all that it is given is written down before it is done, and done again in the same order. Where no step is half
/// gathered, and much has been written, a snapshot takes the place of all. To be used as the node is, one call at a time.
/// </summary>
internal sealed class ServerJournal : IDisposable
{
    /// <summary>More than a protocol has besides tensors, or than a program gives.</summary>
    private const int MostNumbers = 1 << 20;

    /// <summary>In a snapshot, a gradient of weights of classes that has been computed for a worker's next call.</summary>
    private const byte IsComputed = 255;

    private readonly ILogStorage _storage;
    private readonly ServerNode _node;
    private readonly string _description;
    private readonly int _workers;
    private readonly IReadOnlyList<GradientForm> _forms;
    private readonly TensorLimit[] _gradients;
    private readonly TensorLimit[] _measured;
    private readonly long _snapshotAfter;
    private readonly long[] _sessions;
    private long _written;

    /// <param name="storage">Where it lies; this owns it.</param>
    /// <param name="node">Whose it is: as it was made, with all workers joined.</param>
    /// <param name="description">Of the model: another one's journal is refused.</param>
    /// <param name="forms">What is given as the gradients of its slices.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="snapshotAfter">After how many bytes a snapshot is made, beyond the bytes of one.</param>
    public ServerJournal(ILogStorage storage, ServerNode node, string description, IReadOnlyList<GradientForm> forms, int workers, long snapshotAfter)
    {
        (_storage, _node, _description, _workers, _sessions) = (storage, node, description, workers, new long[workers]);
        (_forms, _gradients, _measured) = (forms, CallFrames.GradientLimits(node.Shard.Slices, forms), CallFrames.MeasuredLimits(node.Shard.Slices, forms));
        _snapshotAfter = snapshotAfter + Held.Sum(t => t.Bytes);
    }

    /// <summary>Of the run; 0 before it has begun.</summary>
    public long Run { get; private set; }

    /// <summary>Where it began.</summary>
    public RunPosition Begin { get; private set; }

    /// <summary>Of each worker's last process; 0 before it has come.</summary>
    public IReadOnlyList<long> Sessions => _sessions;

    /// <summary>How many records were read.</summary>
    public int Recovered { get; private set; }

    private IEnumerable<Tensor> Held => [.. _node.Shard.Weights, .. _node.Shard.State.Select(s => s.Elements)];

    /// <summary>Does again all that was written, up to the first record that is damaged or was not written to its end: it was not acknowledged either.</summary>
    /// <exception cref="DunlinException">The journal is of another model.</exception>
    public void Recover()
    {
        long whole = 0;
        using (var stream = _storage.Read())
        {
            var length = stream.Length;
            while (JournalRecord.Read(stream, LimitsOf) is { } record)
            {
                Replay(record.Header, record.Text, record.Tensors);
                whole = stream.Position;
                Recovered++;
            }
            // The first record says whose it is; it is short of nothing but where it was the only one.
            if (whole == 0 && length > 0 && stream.Position < length) throw new DunlinException("The server's log is damaged from its beginning, or of another model or version of Dunlin: remove it to begin anew from the last checkpoint.");
        }
        _storage.Keep(whole);
        _written = whole;
    }

    /// <summary>The first weights.</summary>
    public void Initialize(long run, RunPosition begin, ReadOnlySpan<Tensor> weightsAndState)
    {
        (Run, Begin) = (run, begin);
        Write(FrameKind.Initialize, 0, [run, begin.Step, begin.Epoch, begin.Batch, _node.Shard.Version], _description, weightsAndState);
    }

    /// <summary>A worker comes.</summary>
    public void Join(int worker, long session)
    {
        _sessions[worker] = session;
        if (Run != 0) Write(FrameKind.Join, 0, [worker, session], "", []);
    }

    /// <summary>A worker goes.</summary>
    public void Leave(int worker)
    {
        if (Run != 0) Write(FrameKind.Leave, 0, [worker], "", []);
    }

    /// <summary>All are asked to stop.</summary>
    public void Stop()
    {
        if (Run != 0) Write(FrameKind.Stop, 0, [], "", []);
    }

    /// <summary>A call that the node is to take.</summary>
    public void Call(ServerCall call)
    {
        // Who is given a piece is not written: whoever has none asks again.
        if (Run == 0 || call.Rows is not null || call.WantsPiece) return;
        if (call.Classes is { } query)
        {
            // What is only read changes nothing.
            if (query.Question == ClassQuestion.Gradients && query.Step > 0) Write(FrameKind.Classes, (byte)query.Question, [call.Number, query.Step, query.Slice, 0, 0, 0, call.Worker], "", query.Tensors);
            return;
        }
        var tensors = call.Program is { } program ? [program] : (call.Gradients ?? []).Where(g => g.Values is not null).SelectMany(g => g.Rows is null ? [g.Values] : (Tensor[])[g.Values, g.Rows]);
        Write(call.Program is null ? FrameKind.Call : FrameKind.Vectors, CallFrames.FlagsOf(call), [.. CallFrames.FieldsOf(call), call.Worker], "", call.Measures is { } measures ? [.. tensors, measures] : [.. tensors]);
    }

    /// <summary>Makes a snapshot, if it is time for one and no step is half gathered.</summary>
    public void Tidy()
    {
        if (Run == 0 || _written < _snapshotAfter || !_node.IsBetweenSteps) return;
        _storage.Replace(stream =>
        {
            WriteSnapshot(stream.Write);
            if (_node.IsStopping) JournalRecord.Write(stream.Write, FrameKind.Stop, 0, [], "", []);
            foreach (var member in _node.Members.Values.Concat(_node.Left.Values))
                foreach (var (slice, (sum, step)) in member.ClassGradients) JournalRecord.Write(stream.Write, FrameKind.Classes, IsComputed, [0, step, slice, 0, 0, 0, member.Worker], "", [sum]);
        });
        _written = 0;
    }

    /// <summary>The run has ended.</summary>
    public void Delete() => _storage.Delete();

    /// <inheritdoc/>
    public void Dispose() => _storage.Dispose();

    private void WriteSnapshot(JournalRecord.Writer write)
    {
        var members = Tensor.Zeros(DType.Int64, [_workers, 5]);
        var table = members.Span<long>();
        for (var worker = 0; worker < _workers; worker++)
        {
            var isIn = _node.Members.TryGetValue(worker, out var member);
            if (!isIn) _node.Left.TryGetValue(worker, out member);
            (table[5 * worker], table[5 * worker + 1], table[5 * worker + 2], table[5 * worker + 3], table[5 * worker + 4]) = (isIn ? 1 : 0, member?.Clock ?? 0, member?.Taken ?? 0, _sessions[worker], member?.Given is null ? 0 : 1);
        }
        JournalRecord.Write(write, FrameKind.Collect, 0, [Run, Begin.Step, Begin.Epoch, Begin.Batch, _node.Shard.Version, _node.Step, _node.Dropped], _description, [.. Held, members, .. Given.Select(g => g.Elements), .. _node.State, Tensor.From([.. _node.Numbers]), Tensor.From([.. LastResults])]);
    }

    /// <summary>What the last program of worker 0 gave, which may ask again.</summary>
    private double[] LastResults => (_node.Members.GetValueOrDefault(0) ?? _node.Left.GetValueOrDefault(0))?.Results ?? [];

    /// <summary>Weights that workers were given, where gradients are corrected by them; zeros for those that were given none.</summary>
    private IEnumerable<(int Worker, int Slice, Tensor Elements)> Given => _node.Shard.Compensation is null ? [] :
        from worker in Enumerable.Range(0, _workers)
        from slice in Enumerable.Range(0, _node.Shard.Slices.Count)
        let member = _node.Members.GetValueOrDefault(worker) ?? _node.Left.GetValueOrDefault(worker)
        let type = _node.Shard.Slices[slice].Type
        select (worker, slice, member?.Given?[slice] ?? Tensor.Zeros(type.Type, type.Shape));

    private void Write(FrameKind kind, byte flags, ReadOnlySpan<long> fields, string text, ReadOnlySpan<Tensor> tensors) =>
        _written += JournalRecord.Write(_storage.Write, kind, flags, fields, text, tensors);

    private TensorLimit[]? LimitsOf(FrameHeader header) => header.Kind switch
    {
        FrameKind.Initialize => [.. Held.Select(t => new TensorLimit(t.TensorType))],
        FrameKind.Collect => [.. Held.Select(t => new TensorLimit(t.TensorType)), new TensorLimit(new(DType.Int64, [_workers, 5])), .. Given.Select(g => new TensorLimit(g.Elements.TensorType)), .. _node.State.Select(s => new TensorLimit(s.TensorType)), new(new(DType.Float64, [0]), MostNumbers), new(new(DType.Float64, [0]), MostNumbers)],
        FrameKind.Call => !CallFrames.HasGradients(header) ? [] : CallFrames.HasMeasures(header) ? _measured : _gradients,
        FrameKind.Vectors => [new(new(DType.Float64, [0, VectorProgram.Columns]), VectorProgram.MostRows)],
        FrameKind.Classes when header.Fields[2] >= 0 && header.Fields[2] < _forms.Count && _forms[(int)header.Fields[2]] == GradientForm.Computed =>
            header.Flags == IsComputed ? [new(_node.Shard.Slices[(int)header.Fields[2]].Type)] : CallFrames.ClassTensors(ClassQuestion.Gradients, _node.Shard.Slices[(int)header.Fields[2]].Type),
        FrameKind.Join or FrameKind.Leave or FrameKind.Stop => [],
        _ => null,
    };

    private void Replay(in FrameHeader header, string text, Tensor[] tensors)
    {
        if (header.Kind is FrameKind.Initialize or FrameKind.Collect)
        {
            if (ServedModel.Difference(text, _description) is { } difference) throw new DunlinException($"The server's log is of another run: {difference} Remove the log to begin anew.");
            (Run, Begin) = (header.Fields[0], new(header.Fields[1], header.Fields[2], (int)header.Fields[3]));
            var slices = _node.Shard.Slices.Count;
            _node.Initialize(tensors.AsSpan(0, slices));
            foreach (var (own, brought) in _node.Shard.State.Zip(tensors[slices..])) brought.CopyTo(own.Elements);
            _node.Shard.Version = header.Fields[4];
            if (header.Kind == FrameKind.Collect) Restore(header, tensors[Held.Count()..]);
            return;
        }
        if (header.Kind == FrameKind.Stop)
        {
            _node.Stop();
            return;
        }
        var worker = (int)header.Fields[header.Kind is FrameKind.Call or FrameKind.Vectors or FrameKind.Classes ? 6 : 0];
        if (worker < 0 || worker >= _workers) throw new DunlinException($"The server's log names worker {worker} of {_workers}: remove it to begin anew.");
        if (header.Kind == FrameKind.Join)
        {
            _sessions[worker] = header.Fields[1];
            _node.Join(worker, header.Fields[1]);
        }
        else if (header.Kind == FrameKind.Leave) _node.Leave(worker);
        else if (header.Kind == FrameKind.Classes) ReplayClasses(header, worker, tensors);
        else
        {
            var call = new Replayed { Worker = worker };
            CallFrames.Read(header, call);
            if (header.Kind == FrameKind.Vectors) call.Program = tensors[0];
            if (CallFrames.WantsWeights(header)) call.Weights = new Tensor?[_node.Shard.Slices.Count];
            if (CallFrames.HasGradients(header)) call.Gradients = Gathered(tensors);
            if (CallFrames.HasMeasures(header)) call.Measures = tensors[^1];
            _node.Handle(call);
        }
    }

    private void ReplayClasses(in FrameHeader header, int worker, Tensor[] tensors)
    {
        var (step, slice) = (header.Fields[1], (int)header.Fields[2]);
        if (header.Flags == IsComputed)
        {
            if ((_node.Members.GetValueOrDefault(worker) ?? _node.Left.GetValueOrDefault(worker)) is { } member) member.ClassGradients[slice] = (tensors[0], step);
            return;
        }
        var answer = ClassQuery.AnswerTo(ClassQuestion.Gradients, tensors[0].Shape[0], _node.Shard.Slices[slice].Type);
        _node.Handle(new Replayed { Worker = worker, Number = header.Fields[0], Classes = CallFrames.Query(ClassQuestion.Gradients, slice, step, tensors, answer) });
    }

    private SliceGradient[] Gathered(Tensor[] tensors)
    {
        var gradients = new SliceGradient[_node.Shard.Slices.Count];
        for (var (i, next) = (0, 0); i < gradients.Length; i++)
        {
            if (_forms[i] == GradientForm.Computed) continue;
            var isSparse = _forms[i] == GradientForm.Rows;
            gradients[i] = new(tensors[next], isSparse ? tensors[next + 1] : null);
            next += isSparse ? 2 : 1;
        }
        return gradients;
    }

    private void Restore(in FrameHeader header, Tensor[] rest)
    {
        var table = rest[0].ToArray<long>();
        var slices = _node.Shard.Slices.Count;
        var members = new List<(Member, bool)>();
        for (var worker = 0; worker < _workers; worker++)
        {
            var row = table.AsSpan(5 * worker, 5);
            _sessions[worker] = row[3];
            var member = new Member(worker) { Clock = row[1], Taken = row[2] };
            member.Begin(row[3]);
            if (row[4] != 0) member.Keep(rest[(1 + worker * slices)..(1 + (worker + 1) * slices)]);
            members.Add((member, row[0] != 0));
        }
        _node.Restore(members, header.Fields[5], header.Fields[6]);
        var state = _node.State;
        foreach (var (own, kept) in state.Zip(rest[^(state.Count + 2)..])) kept.CopyTo(own);
        _node.Numbers = rest[^2].ToArray<double>();
        if (members[0] is (var first, _)) first.Results = rest[^1].ToArray<double>();
    }

    /// <summary>A call whose worker was answered by the server that died, or asks again.</summary>
    private sealed class Replayed : ServerCall
    {
        protected override void Answered() { }
    }
}
