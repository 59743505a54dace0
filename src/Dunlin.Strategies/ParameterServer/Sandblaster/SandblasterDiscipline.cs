using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// The server has a part of all vectors of an L-BFGS search, and does with them what worker 0 says; workers bring the gradients of pieces of the data, which are added up (Sandblaster: Dean et al., 2012). Server 0 also says who computes
/// which piece. A piece is brought to server 0 last, and so is done everywhere when it is done there.
/// </summary>
/// <param name="vectors">How many vectors the search has.</param>
internal sealed class SandblasterDiscipline(int vectors) : Discipline
{
    /// <summary>More numbers than a piece gives; more pieces than there are.</summary>
    public const int MostMeasures = 64, MostPieces = 1 << 20;

    /// <summary>In place of a piece: the evaluation is done; there will be no other one.</summary>
    public const int Done = -1, Over = -2;

    private ServerVectors? _vectors;
    private PieceQueue _pieces = new(0);
    private double[] _measures = [];
    private int _gradient;
    private bool _isOver;

    /// <summary>Which evaluation it is, from 1; 0 before the first.</summary>
    private long _evaluation;

    private ServerVectors Vectors => _vectors ??= new(Server.Shard.Weights, vectors);

    /// <summary>A worker that comes has nothing to catch up with.</summary>
    public override long FirstClock => 0;

    public override IEnumerable<int> Missing => _pieces.Left > 0 ? _pieces.Holders : [0];

    /// <summary>With what is in the middle of an evaluation a snapshot would have to have which pieces are done.</summary>
    public override bool IsBetweenSteps => _pieces.Left == 0;

    public override IReadOnlyList<Tensor> State => [.. Vectors.Own];

    public override IReadOnlyList<double> Numbers
    {
        get => [_evaluation, _isOver ? 1 : 0, _pieces.Count, _gradient, .. _measures];
        set
        {
            (_evaluation, _isOver, _gradient, _measures) = ((long)value[0], value[1] != 0, (int)value[3], [.. value.Skip(4)]);
            _pieces = new((int)value[2]);
            for (var piece = 0; piece < _pieces.Count; piece++) _pieces.Finish(piece);
        }
    }

    public override void Take(ServerCall call, Member member)
    {
        // Of an evaluation that is over, or computed by two.
        if (call.Clock != _evaluation || call.Piece < 0 || call.Piece >= _pieces.Count || !_pieces.Finish(call.Piece))
        {
            Server.Drop();
            return;
        }
        if (call.Examples > 0) Vectors.Add(_gradient, call.Gradients);
        var brought = call.Measures is null ? [] : call.Measures.Span<double>();
        for (var i = 0; i < Math.Min(_measures.Length, brought.Length); i++) _measures[i] += brought[i];
    }

    public override bool MayAnswer(ServerCall call, Member member)
    {
        member.Clock = _evaluation;
        if (!call.WantsPiece) return true;
        int? piece = _isOver ? Over : call.Worker == 0 && _pieces.Left == 0 ? Done : _pieces.Take(call.Worker);
        call.Piece = piece ?? call.Piece;
        return piece is not null;
    }

    public override string? Refuse(Tensor program)
    {
        foreach (var row in VectorProgram.Read(program))
        {
            var fits = row.Operation switch
            {
                VectorOperation.Combine => IsVector(row.Target) && IsVector(row.A) && IsVector(row.B),
                VectorOperation.Dot => IsVector(row.A) && IsVector(row.B),
                VectorOperation.Evaluate => IsVector(row.Target) && row.Target != LbfgsSearch.Trial && row.A is >= 0 and <= MostPieces && row.B is >= 0 and <= MostMeasures,
                VectorOperation.Measure => row.B is >= 0 and <= MostMeasures,
                VectorOperation.Count or VectorOperation.End => true,
                _ => false,
            };
            if (!fits) return $"there is no operation of {vectors} vectors with the numbers {row.Code}, {row.Target}, {row.A}, {row.B}.";
        }
        return null;
    }

    public override double[] Run(Tensor program)
    {
        var results = new List<double>();
        foreach (var row in VectorProgram.Read(program))
        {
            switch (row.Operation)
            {
                case VectorOperation.Combine:
                    Vectors.Combine((int)row.Target, row.Alpha, (int)row.A, row.Beta, (int)row.B);
                    break;
                case VectorOperation.Dot:
                    results.Add(Vectors.Dot((int)row.A, (int)row.B));
                    break;
                case VectorOperation.Evaluate:
                    (_gradient, _pieces, _measures) = ((int)row.Target, new((int)row.A), new double[(int)row.B]);
                    _evaluation++;
                    Vectors.Clear(_gradient);
                    break;
                case VectorOperation.Measure:
                    results.AddRange(Enumerable.Range(0, (int)row.B).Select(i => i < _measures.Length ? _measures[i] : double.NaN));
                    break;
                case VectorOperation.Count:
                    results.Add(_evaluation);
                    break;
                default:
                    _isOver = true;
                    break;
            }
        }
        return [.. results];
    }

    public override void Left(int worker) => _pieces.Release(worker);

    public override long UpdatesOf(int workers) => 1;

    private bool IsVector(double number) => number >= 0 && number < vectors && number == Math.Floor(number);
}
