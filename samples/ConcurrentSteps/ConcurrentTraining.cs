using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;

namespace Dunlin.Samples.ConcurrentSteps;

/// <summary>Steps of one session that run at the same time: some read, some train, one saves. They meet in a queue and in the variables only.</summary>
public sealed class ConcurrentTraining : IDisposable
{
    private readonly Settings _settings;
    private readonly TrainTest _data;
    private readonly Session _session;
    private readonly TensorQueue _queue;
    private readonly Step _read, _train, _trainRest, _snapshot, _classify;
    private readonly Classifier _classifier;
    private readonly int[] _seen;
    private readonly List<long> _saves = [];
    private long _steps, _longest;

    public ConcurrentTraining(TrainTest data, Settings settings)
    {
        (_data, _settings, _seen) = (data, settings, new int[data.Train.Count]);
        var graph = new Graph();
        _session = new(graph, new SessionOptions { Threads = 1 });
        _classifier = new(graph);
        _queue = new("examples", 1000, new(DType.Int64, []), new(DType.Float32, [Classifier.Pixels]), new(DType.Int64, []))
        {
            Order = QueueOrder.Shuffled,
            MinAfterDequeue = 500,
        };
        var numbers = graph.Placeholder("numbers", DType.Int64, [Shape.Unknown]);
        var pictures = graph.Placeholder("pictures", DType.Float32, [Shape.Unknown, 1, 28, 28]);
        var labels = graph.Placeholder("labels", DType.Int64, [Shape.Unknown]);
        _read = _session.Compile([numbers, pictures, labels], [_queue.EnqueueMany(numbers, Classifier.Preprocess(pictures), labels)]);
        _train = TrainOn(_queue.DequeueMany(graph, settings.BatchSize));
        _trainRest = TrainOn(_queue.DequeueUpTo(graph, settings.BatchSize));
        _snapshot = _session.Compile([], [.. _classifier.Variables.Select(v => v.Value)]);
        _classify = _session.Compile([pictures], [_classifier.Logits(Classifier.Preprocess(pictures)).ArgMax()]);
    }

    public Outcome Run()
    {
        using var trained = new ManualResetEventSlim();
        using var coordinator = new Coordinator();
        coordinator.Closes(_session, _queue);
        coordinator.StartMany("reader", _settings.Readers, Read, atEnd: () => _queue.Close(_session));
        coordinator.StartMany("trainer", _settings.Trainers, (_, _) =>
        {
            coordinator.Exhaust(_train, Count);
            coordinator.Exhaust(_trainRest, Count);
        }, atEnd: trained.Set);
        coordinator.Start("saver", stopping =>
        {
            while (!trained.Wait(_settings.SaveEvery, stopping)) Save();
            Save();
        });
        coordinator.Join(_settings.Timeout);
        return new(_steps, _seen, _saves, _longest, Accuracy());
    }

    public void Dispose() => _session.Dispose();

    private Step TrainOn(IReadOnlyList<Value> examples)
    {
        var (loss, updates) = _classifier.Descend(examples[1], examples[2], _settings.LearningRate);
        return _session.Compile([], [examples[0], loss], updates);
    }

    /// <summary>Reads every n-th piece of the data, where there are n readers, once an epoch.</summary>
    private void Read(int reader, CancellationToken stopping)
    {
        int[][] pieces = [.. Enumerable.Range(0, _data.Train.Count).Chunk(_settings.Piece).Where((_, p) => p % _settings.Readers == reader)];
        for (var i = 0; i < pieces.Length * _settings.Epochs; i++)
        {
            stopping.ThrowIfCancellationRequested();
            var piece = pieces[i % pieces.Length];
            if (_settings.Fail && reader == 0 && i == pieces.Length * _settings.Epochs / 2) throw new DunlinException($"Record {piece[0]} can't be read.");
            var records = new Subset(_data.Train, piece).ToBatch();
            var waiting = _read.Run(Tensor.From([.. piece.Select(number => (long)number)]), records["image"], records["label"])[0].Item<long>();
            InterlockedMax(ref _longest, waiting);
        }
    }

    private void Count(IReadOnlyList<Tensor> results)
    {
        foreach (var number in results[0].Span<long>()) Interlocked.Increment(ref _seen[number]);
        Interlocked.Increment(ref _steps);
    }

    /// <summary>
    /// Copies the variables with a step and writes the copy. While others train, the copy is from no one moment: each element is one that the variable had during the
    /// copying, between the step after which the checkpoint is named and the steps that ran meanwhile. The last is exact, since the trainers have ended.
    /// </summary>
    private void Save()
    {
        var step = Interlocked.Read(ref _steps);
        if (_settings.Checkpoints is not { } directory || (_saves.Count > 0 && _saves[^1] == step)) return;
        var copy = _classifier.Variables.Zip(_snapshot.Run()).ToDictionary(p => p.First.Name, p => p.Second);
        new CheckpointStore(directory).Save(new() { Step = step }, new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { ["model"] = copy });
        _saves.Add(step);
    }

    private double Accuracy()
    {
        var test = _data.Test.ToBatch();
        return _classify.Run(test["image"])[0].ToArray<long>().Zip(test["label"].ToArray<long>()).Average(p => p.First == p.Second ? 1.0 : 0);
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var known = Interlocked.Read(ref most); value > known;)
        {
            var before = Interlocked.CompareExchange(ref most, value, known);
            if (before == known) return;
            known = before;
        }
    }
}
