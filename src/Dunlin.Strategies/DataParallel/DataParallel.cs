using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// Synchronous data parallelism: every worker holds the whole model and takes a share of each batch; the gradients are summed over the
/// workers before the update, so all workers stay equal and the step is that of one worker on the joined batch. Sums start as soon as
/// a bucket of gradients is there, while the rest of the backward pass runs (Li et al., "PyTorch Distributed", 2020).
/// </summary>
/// <param name="workers">Threads of this process, at least 1.</param>
/// <param name="options">Defaults unless given.</param>
public sealed class DataParallel(int workers, DataParallelOptions? options = null) : ITrainingStrategy
{
    private readonly DataParallelOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "data-parallel";

    /// <inheritdoc/>
    public int Workers { get; } = workers >= 1 ? workers : throw new DunlinException($"Data parallelism needs at least 1 worker, not {workers}.");

    /// <inheritdoc/>
    public void Run(Action<IWorker> program)
    {
        // A worker alone is the calling thread, and its errors are its own.
        if (Workers == 1) program(new Worker(LocalGroup.Create(1, _options.Local)[0], _options));
        else LocalRanks.Run(Workers, communicator => program(new Worker(communicator, _options)), _options.Local);
    }

    private sealed class Worker(ICommunicator communicator, DataParallelOptions options) : IWorker
    {
        private readonly List<(Variable, Value)> _updates = [];

        public int Rank => communicator.Rank;

        public ICommunicator Communicator => communicator;

        public IReadOnlyList<(Variable Variable, Value Value)> Updates => _updates;

        public string Axis => "data";

        /// <summary>Dense gradients travel in buckets, while the backward pass runs; after them the rows of sparse ones.</summary>
        public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share)
        {
            if (communicator.Size == 1) return gradients;
            var rows = gradients.Select(g => options.SparseGradients ? SparseRows.Capacity(g, share, communicator.Size) : null).ToArray();
            var combined = new Gradient[gradients.Count];
            int[] whole = [.. Enumerable.Range(0, combined.Length).Where(i => rows[i] is null)];
            Value[] dense = [.. whole.Select(i => gradients[i].Dense())];
            var buckets = Buckets.Fill([.. dense.Select(d => (d.Node.Index, d.TensorType.Bytes, d.Type))], options.BucketBytes);
            var sums = options.Compression.Sum([.. buckets.Select(b => (IReadOnlyList<Value>)[.. b.Select(i => dense[i])])], Axis, communicator.Size, _updates);
            foreach (var (bucket, parts) in buckets.Zip(sums))
                for (var k = 0; k < bucket.Count; k++) combined[whole[bucket[k]]] = parts[k];
            for (var i = 0; i < combined.Length; i++)
                if (rows[i] is { } capacity) combined[i] = SparseRows.Gather(gradients[i], share, Axis, capacity);
            return combined;
        }

        public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => communicator.Size == 1 ? scalars : Operations.AllReduceTogether(scalars, Axis);
    }
}
