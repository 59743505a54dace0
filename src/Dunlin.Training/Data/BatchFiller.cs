using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Fills a batch for any (epoch, step): a function of the options and these two alone. One thread at a time.</summary>
internal sealed class BatchFiller
{
    private readonly IDataset _dataset;
    private readonly DataLoaderOptions _options;
    private readonly PhiloxKey[] _keys;
    private readonly int[] _order;
    private long _orderEpoch = -1;

    public BatchFiller(IDataset dataset, DataLoaderOptions options)
    {
        _dataset = dataset;
        _options = options;
        _order = new int[dataset.Count];
        for (var i = 0; i < _order.Length; i++) _order[i] = i;
        _keys = [.. options.Augmentations.Select((_, i) => new PhiloxKey(options.Seed, PhiloxKey.StreamOf($"augment/{i}")))];
        StepsPerEpoch = BatchShare.Steps(dataset.Count, options.BatchSize, options.DropLast);
    }

    public int StepsPerEpoch { get; }

    public Batch NewBatch() => new(_dataset.Fields, Math.Max(1, ShareOf(0).Count));

    public void Fill(Batch batch, long epoch, int step)
    {
        if (_options.Shuffle && epoch != _orderEpoch)
        {
            Philox.Permutation(_order, _options.Seed, checked((uint)epoch));
            _orderEpoch = epoch;
        }
        var share = ShareOf(step);
        batch.Resize(Math.Max(1, share.Count));
        batch.Epoch = epoch;
        batch.Step = step;
        batch.Count = share.Count;
        batch.GlobalCount = share.GlobalCount;
        batch.GlobalOffset = share.GlobalOffset;
        // A rank without a share still runs the step, on any example, with weight 0. Begin may then lie behind the last one.
        var examples = _order.AsSpan(Math.Min(share.Begin, _order.Length - 1), batch.Rows);
        _dataset.Write(examples, batch);
        for (var i = 0; i < _keys.Length; i++) _options.Augmentations[i].Apply(batch, examples, _keys[i].At(epoch));
    }

    private BatchShare ShareOf(int step) => BatchShare.Of(_dataset.Count, _options.BatchSize, step, _options.Rank, _options.Ranks);
}
