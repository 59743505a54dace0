using Dunlin.Communication;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>A call that comes over a connection, with the server's own room for what it brings and takes away: all of that is copied under the server's lock, and sent and received outside.</summary>
internal sealed class HostedCall : ServerCall
{
    /// <summary>For so many numbers of rows each table keeps room.</summary>
    private const int MostRooms = 4;

    /// <summary>Rung with the answer.</summary>
    private readonly object _bell = new();
    private readonly IReadOnlyList<Slice> _slices;
    private readonly IReadOnlyList<GradientForm> _forms;
    private readonly SliceGradient[] _gradients;
    private readonly List<SliceGradient>[] _rooms;
    private readonly bool[] _wanted;
    private Tensor?[]? _weights;
    private Tensor[] _given = [];

    public HostedCall(ServerShard shard, IReadOnlyList<GradientForm> forms, IReadOnlyList<bool> wanted)
    {
        (_slices, _wanted) = (shard.Slices, [.. wanted]);
        (_gradients, _forms) = (new SliceGradient[_slices.Count], forms);
        _rooms = [.. forms.Select(form => form == GradientForm.Rows ? new List<SliceGradient>() : null!)];
        for (var i = 0; i < _gradients.Length; i++)
            if (forms[i] == GradientForm.Dense) _gradients[i] = new(Tensor.Uninitialized(_slices[i].Type.Type, _slices[i].Type.Shape));
    }

    /// <summary>The weights, the rows, the scores or the numbers that were asked for.</summary>
    public ReadOnlySpan<Tensor> Given => Results is not null ? (Tensor[])[Results] : Classes is not null ? (Tensor[])[Classes.Answer] : Rows is not null ? (Tensor[])[.. Rows.Select(r => r.Rows)] : Weights is null ? [] : _given;

    /// <summary>Takes a call from a frame, and receives what it brings.</summary>
    /// <exception cref="FrameException">A row is named that there is not.</exception>
    public void Take(FrameConnection connection, in FrameHeader header)
    {
        Begin(header);
        WantsPiece = header.Kind == FrameKind.Piece;
        if (CallFrames.WantsWeights(header)) Weights = RoomForWeights();
        if (!CallFrames.HasGradients(header)) return;
        for (var (i, next) = (0, 0); i < _gradients.Length; i++)
        {
            if (_forms[i] == GradientForm.Computed) continue;
            if (_forms[i] == GradientForm.Dense)
            {
                connection.Receive(_gradients[i].Values);
                next++;
                continue;
            }
            var rows = connection.Rows[next];
            if (connection.Rows[next + 1] != rows) throw new FrameException($"A gradient of {rows} rows comes with {connection.Rows[next + 1]} row numbers.");
            next += 2;
            _gradients[i] = RoomFor(i, rows);
            connection.Receive(_gradients[i].Values);
            connection.Receive(_gradients[i].Rows!);
            var most = _slices[i].Type.Shape[0];
            foreach (var row in _gradients[i].Rows!.Span<long>())
                if (row < -1 || row >= most) throw new FrameException($"A gradient names row {row} of a table of {most} rows.");
        }
        Gradients = _gradients;
        if (!CallFrames.HasMeasures(header)) return;
        Measures = Tensor.Uninitialized(DType.Float64, [connection.Rows[^1]]);
        connection.Receive(Measures);
    }

    /// <summary>Takes a program from a frame.</summary>
    public void TakeProgram(FrameConnection connection, in FrameHeader header)
    {
        Begin(header);
        Program = Tensor.Uninitialized(DType.Float64, [connection.Rows[0], VectorProgram.Columns]);
        connection.Receive(Program);
        Results = Tensor.Zeros(DType.Float64, [VectorProgram.ResultsOf(Program)]);
    }

    /// <summary>Takes a request for rows from a frame.</summary>
    /// <exception cref="FrameException">There is no such slice or row, or the rows are too many.</exception>
    public void TakeRows(FrameConnection connection, in FrameHeader header)
    {
        Begin(header);
        int[] lengths = [.. connection.Rows];
        var slices = Tensor.Uninitialized(DType.Int64, [lengths[0]]);
        connection.Receive(slices);
        if (lengths[0] != lengths.Length - 1) throw new FrameException($"Rows of {lengths[0]} slices are asked for, by {lengths.Length - 1} lists of numbers.");
        Rows = new SliceRows[lengths[0]];
        for (var i = 0; i < Rows.Length; i++)
        {
            var (slice, count) = (slices.Span<long>()[i], lengths[i + 1]);
            if (slice < 0 || slice >= _slices.Count || _slices[(int)slice].Type.Shape.Rank == 0) throw new FrameException($"Rows of slice {slice} are asked for, and there is none of {_slices.Count} that has rows.");
            var type = _slices[(int)slice].Type;
            if (count > CallFrames.MostRows(type)) throw new FrameException($"{count} rows of a table of {type} are asked for, of which {CallFrames.MostRows(type)} may be.");
            Rows[i] = new((int)slice, Tensor.Uninitialized(DType.Int64, [count]), Tensor.Uninitialized(type.Type, type.Shape.With(0, count)));
            connection.Receive(Rows[i].Numbers);
            foreach (var row in Rows[i].Numbers.Span<long>())
                if (row < 0 || row >= type.Shape[0]) throw new FrameException($"Row {row} is asked for of a table of {type.Shape[0]} rows.");
        }
    }

    /// <summary>Takes a question about classes from a frame.</summary>
    /// <exception cref="FrameException">Its tensors are of different lengths, or a label is none of the slice's classes.</exception>
    public void TakeClasses(FrameConnection connection, in FrameHeader header)
    {
        Begin(header);
        var query = CallFrames.ReadClasses(header, connection.Rows, _slices);
        foreach (var tensor in query.Tensors) connection.Receive(tensor);
        CallFrames.CheckLabels(query, _slices);
        Classes = query;
    }

    /// <summary>Another call, which asks for nothing yet.</summary>
    private void Begin(in FrameHeader header)
    {
        Renew();
        CallFrames.Read(header, this);
        (Gradients, Weights, Rows, Classes, Measures, Program, Results, WantsPiece) = (null, null, null, null, null, null, null, false);
    }

    /// <summary>Waits for the answer.</summary>
    /// <returns>Whether it came.</returns>
    public bool Wait(int milliseconds)
    {
        lock (_bell) return IsAnswered || Monitor.Wait(_bell, milliseconds);
    }

    protected override void Answered()
    {
        lock (_bell) Monitor.PulseAll(_bell);
    }

    /// <summary>Made when it is first needed: who only pushes and asks for rows has no use for it.</summary>
    private Tensor?[] RoomForWeights()
    {
        if (_weights is not null) return _weights;
        _weights = [.. _slices.Select((s, i) => _wanted[i] ? Tensor.Uninitialized(s.Type.Type, s.Type.Shape) : null)];
        _given = [.. _weights.OfType<Tensor>()];
        return _weights;
    }

    private SliceGradient RoomFor(int slice, int rows)
    {
        foreach (var room in _rooms[slice])
            if (room.Values.Shape[0] == rows) return room;
        if (_rooms[slice].Count == MostRooms) _rooms[slice].RemoveAt(0);
        var type = _slices[slice].Type;
        _rooms[slice].Add(new(Tensor.Uninitialized(type.Type, type.Shape.With(0, rows)), Tensor.Uninitialized(DType.Int64, [rows])));
        return _rooms[slice][^1];
    }
}
