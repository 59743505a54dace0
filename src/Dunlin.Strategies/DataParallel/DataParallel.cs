using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// Synchronous data parallelism: every worker holds the whole model and takes a share of each batch; the gradients are summed over the
/// workers before the update, so all workers stay equal and the step is that of one worker on the joined batch. Sums start as soon as
/// a bucket of gradients is there, while the rest of the backward pass runs (Li et al., "PyTorch Distributed", 2020). With <see cref="DataParallelOptions.Sharding"/>, workers share the
/// update, and each holds only its piece of what that needs.
/// </summary>
/// <param name="workers">Workers of each process (<see cref="DataParallelOptions.Cluster"/>), which are threads of it; at least 1.</param>
/// <param name="options">Defaults unless given.</param>
/// <exception cref="DunlinException">There are no workers, or what is sent of gradients does not go with what is cut into pieces.</exception>
public sealed class DataParallel(int workers, DataParallelOptions? options = null) : ITrainingStrategy
{
    private readonly DataParallelOptions _options = options is not { Sharding: > ShardingStage.OptimizerState, Compression.TakesWholes: true } ? options ?? new()
        : throw new DunlinException($"Top-k chooses among the elements of whole gradients, but with {nameof(ShardingStage)}.{options.Sharding} workers sum only pieces of them: take {nameof(ShardingStage)}.{nameof(ShardingStage.OptimizerState)} or none, or BFloat16 or Float16.");

    /// <inheritdoc/>
    public string Name => "data-parallel";

    /// <inheritdoc/>
    public int Workers => LocalWorkers * (_options.Cluster?.Size ?? 1);

    /// <inheritdoc/>
    public int LocalWorkers { get; } = workers >= 1 ? workers : throw new DunlinException($"Data parallelism needs at least 1 worker, not {workers}.");

    /// <inheritdoc/>
    public void Run(Action<IWorker> program)
    {
        var cluster = _options.Cluster ?? Cluster.Alone();
        cluster.Run(LocalWorkers, communicator => program(new Worker(communicator, _options) { ClockOffset = cluster.ClockOffset }), _options.Local);
    }

    private sealed class Worker(ICommunicator communicator, DataParallelOptions options) : IWorker
    {
        private readonly List<(Variable, Value)> _updates = [];
        private readonly AllReduceCost? _cost = options.BucketBytes is null && options.Sharding <= ShardingStage.OptimizerState && communicator.Size > 1 ? AllReduceCost.Measure(communicator) : null;

        public int Rank => communicator.Rank;

        public ICommunicator Communicator => communicator;

        public IReadOnlyList<(Variable Variable, Value Value)> Updates => _updates;

        public string Axis => "data";

        public double ClockOffset { get; init; }

        public IShards? Shards { get; } = options.Sharding == ShardingStage.None || communicator.Size == 1 ? null : new Shards(communicator, "data", options);

        /// <summary>Dense gradients travel in buckets, while the backward pass runs, and sparse ones that name many rows; after them the rows of the others.</summary>
        public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share)
        {
            if (communicator.Size == 1) return gradients;
            var rows = gradients.Select(g => options.SparseGradients ? SparseRows.Capacity(g, share, communicator.Size) : null).ToArray();
            var combined = new Gradient[gradients.Count];
            int[] whole = [.. Enumerable.Range(0, combined.Length).Where(i => rows[i] is null)];
            Dictionary<int, TableGradient> tables = whole.Where(i => gradients[i].IsSparse).ToDictionary(i => i, i => TableGradient.Of(gradients[i], share));
            Value[] dense = [.. whole.Select(i => tables.TryGetValue(i, out var table) ? table.Sums : gradients[i].Values)];
            var buckets = Buckets.Fill([.. dense.Select(d => (d.Node.Index, d.TensorType.Bytes, d.Type))], options.BucketBytes ?? _cost?.BestBucket(dense.Sum(d => d.TensorType.Bytes)) ?? DataParallelOptions.UsualBucket);
            var sums = options.Compression.Sum([.. buckets.Select(b => (IReadOnlyList<Value>)[.. b.Select(i => dense[i])])], Axis, communicator.Size, _updates);
            foreach (var (bucket, parts) in buckets.Zip(sums))
                for (var k = 0; k < bucket.Count; k++) combined[whole[bucket[k]]] = parts[k];
            // As they are: of what is compressed, little numbers may be left out.
            var named = tables.Count == 0 ? [] : Operations.AllReduceTogether([.. tables.Values.Select(t => t.Named)], Axis);
            foreach (var ((i, table), counts) in tables.Zip(named)) combined[i] = (table with { Sums = combined[i].Values, Named = counts }).ToSparse();
            for (var i = 0; i < combined.Length; i++)
                if (rows[i] is { } capacity) combined[i] = SparseRows.Gather(gradients[i], share, Axis, capacity);
            return combined;
        }

        public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => communicator.Size == 1 ? scalars : Operations.AllReduceTogether(scalars, Axis);
    }
}
