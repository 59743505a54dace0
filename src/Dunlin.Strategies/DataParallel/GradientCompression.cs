using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>
/// What <see cref="DataParallel"/> sends of dense gradients of Float32; others, and the rows of sparse ones, travel as they are. A worker alone sends nothing and compresses nothing.
/// </summary>
public abstract record GradientCompression
{
    private GradientCompression() { }

    /// <summary>All of it.</summary>
    public static GradientCompression None { get; } = new Whole();

    /// <summary>
    /// BFloat16: half the bytes. Terms and sums are rounded to 8 bits (relative error up to 2⁻⁸ each) and added in Float32, so that the error does not grow with the number of workers.
    /// </summary>
    public static GradientCompression BFloat16 { get; } = new Half(DType.BFloat16);

    /// <summary>
    /// Float16: half the bytes. As <see cref="BFloat16"/> with 11 bits; each part is scaled by a power of two so that nothing overflows (Akiba, Suzuki and Fukuda, 2017, send Float16, too).
    /// </summary>
    public static GradientCompression Float16 { get; } = new Half(DType.Float16);

    /// <summary>
    /// The largest elements of each gradient by magnitude, with their places; the rest is kept and added to the worker's next gradient (error feedback: Stich, Cordonnier and Jaggi, "Sparsified SGD with memory", 2018;
    /// chosen for each variable by itself as in Lin et al., "Deep Gradient Compression", 2018, without its momentum correction). What is kept is each worker's own and is in checkpoints.
    /// </summary>
    /// <param name="ratio">The part of the elements that travels, above 0 up to 1; of each variable at least one. An element takes 8 bytes for each worker, so that it pays well below 1 / workers.</param>
    public static GradientCompression TopK(double ratio) => new Largest(Require.That(nameof(TopK), ratio, ratio is > 0 and <= 1, "above 0 and up to 1"));

    /// <summary>Whether it chooses among the elements of whole gradients, so that workers that sum pieces only can't do with it.</summary>
    internal virtual bool TakesWholes => false;

    /// <summary>The sums over the workers.</summary>
    /// <param name="buckets">Gradients that travel together, of one element type.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="ranks">The number of workers.</param>
    /// <param name="updates">Takes what the workers keep.</param>
    internal abstract IReadOnlyList<IReadOnlyList<Value>> Sum(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, List<(Variable, Value)> updates);

    /// <summary>This worker's pieces of the sums over the workers.</summary>
    /// <inheritdoc cref="Sum"/>
    internal virtual IReadOnlyList<IReadOnlyList<Value>> Scatter(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks) => [.. buckets.Select(b => Operations.ReduceScatterTogether(b, axis, ranks))];

    private sealed record Whole : GradientCompression
    {
        internal override IReadOnlyList<IReadOnlyList<Value>> Sum(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, List<(Variable, Value)> updates) =>
            [.. buckets.Select(b => Operations.AllReduceTogether(b, axis))];
    }

    private sealed record Half(DType Payload) : GradientCompression
    {
        internal override IReadOnlyList<IReadOnlyList<Value>> Sum(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, List<(Variable, Value)> updates) =>
            OfSingles(buckets, others => None.Sum(others, axis, ranks, updates), singles => Operations.AllReduceTogether(singles, axis, ranks, Payload));

        internal override IReadOnlyList<IReadOnlyList<Value>> Scatter(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks) =>
            OfSingles(buckets, others => None.Scatter(others, axis, ranks), singles => Operations.ReduceScatterTogether(singles, axis, ranks, Payload));
    }

    private sealed record Largest(double Ratio) : GradientCompression
    {
        internal override bool TakesWholes => true;

        internal override IReadOnlyList<IReadOnlyList<Value>> Sum(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, List<(Variable, Value)> updates) =>
            OfSingles(buckets, others => None.Sum(others, axis, ranks, updates), singles => [.. singles.Select(b => LargestElements.Sum(b, Ratio, axis, ranks, updates))]);
    }

    /// <summary>Compresses the buckets of Float32, which start after the others.</summary>
    private static IReadOnlyList<IReadOnlyList<Value>> OfSingles(IReadOnlyList<IReadOnlyList<Value>> buckets, BucketSums others, BucketSums compress)
    {
        var isSingle = buckets.Select(b => b[0].Type == DType.Float32).ToList();
        var plain = new Queue<IReadOnlyList<Value>>(others([.. buckets.Where((_, i) => !isSingle[i])]));
        var singles = new Queue<IReadOnlyList<Value>>(compress([.. buckets.Where((_, i) => isSingle[i])]));
        return [.. isSingle.Select(single => (single ? singles : plain).Dequeue())];
    }

    private delegate IReadOnlyList<IReadOnlyList<Value>> BucketSums(IReadOnlyList<IReadOnlyList<Value>> buckets);
}
