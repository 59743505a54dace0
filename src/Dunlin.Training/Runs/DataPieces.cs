using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training;

/// <summary>
/// The data of a run as pieces, of some batches each. What a piece gives depends on the weights alone: its examples are the same each time, with the same augmentation and dropout, whichever worker computes it. So the loss over all pieces
/// is a function that can be minimised.
/// </summary>
internal sealed class DataPieces
{
    private readonly IBatchStep _step;
    private readonly Action<Batch> _run;
    private readonly BatchFiller _filler;
    private readonly Batch _batch;
    private readonly int _batchesPerPiece;
    private readonly Tensor _counter;

    /// <param name="graph">Whose session has the weights.</param>
    /// <param name="step">Computes a batch and gives its gradient away.</param>
    /// <param name="run">Has it do so.</param>
    /// <param name="options">Of the run.</param>
    /// <param name="data">All of the data.</param>
    /// <param name="batchesPerPiece">How many batches a piece has.</param>
    public DataPieces(TrainingGraph graph, IBatchStep step, Action<Batch> run, TrainerOptions options, IDataset data, int batchesPerPiece)
    {
        (_step, _run, _batchesPerPiece, Examples) = (step, run, batchesPerPiece, data.Count);
        _filler = new BatchFiller(data, new DataLoaderOptions { BatchSize = options.BatchSize, Seed = options.Seed, Augmentations = options.Augmentations });
        _batch = _filler.NewBatch();
        _counter = graph.Session.Storage(graph.Counter);
    }

    /// <summary>How many batches they have together.</summary>
    public int Batches => _filler.StepsPerEpoch;

    /// <summary>How many there are.</summary>
    public int Count => (Batches + _batchesPerPiece - 1) / _batchesPerPiece;

    /// <summary>How many examples they have together.</summary>
    public long Examples { get; }

    /// <inheritdoc cref="PieceWork"/>
    public void Compute(int piece, Span<double> measures)
    {
        measures.Clear();
        var done = _counter.Item<long>();
        try
        {
            for (var number = piece * _batchesPerPiece; number < Math.Min((piece + 1) * _batchesPerPiece, Batches); number++)
            {
                _filler.Fill(_batch, 0, number);
                // Dropout draws by the counter: so it draws the same each time.
                _counter.Span<long>()[0] = number;
                _run(_batch);
                for (var i = 0; i < measures.Length; i++) measures[i] += _step.Results[i].Span<float>()[0] * ((double)_batch.Count / Examples);
            }
        }
        catch (NonFiniteException) { measures.Fill(double.NaN); }
        finally { _counter.Span<long>()[0] = done; }
    }
}
