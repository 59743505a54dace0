using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class DataLoaderTests
{
    [Theory]
    [InlineData(10, 4, 1, false)]
    [InlineData(10, 4, 3, false)]
    [InlineData(10, 4, 4, true)]
    [InlineData(13, 6, 5, false)] // the last batch has one example for five ranks
    [InlineData(3, 8, 2, false)]
    public void All_ranks_together_take_what_one_rank_takes(int examples, int batchSize, int ranks, bool dropLast)
    {
        var options = new DataLoaderOptions { BatchSize = batchSize, Seed = 5, DropLast = dropLast };
        using var one = new DataLoader(Numbers(examples), options);
        var many = Enumerable.Range(0, ranks).Select(rank => new DataLoader(Numbers(examples), options with { Rank = rank, Ranks = ranks })).ToArray();
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var seen = new List<long>();
            while (one.TryNext(out var whole))
            {
                var joined = new List<long>();
                var weight = 0.0;
                foreach (var loader in many)
                {
                    Assert.True(loader.TryNext(out var part));
                    Assert.Equal((whole.Epoch, whole.Step, whole.Count, joined.Count), (part.Epoch, part.Step, part.GlobalCount, part.GlobalOffset));
                    Assert.InRange(part.Count, whole.Count / ranks, (whole.Count + ranks - 1) / ranks);
                    Assert.Equal(Math.Max(1, part.Count), part["x"].Shape[0]);
                    joined.AddRange(part["x"].ToArray<long>()[..part.Count]);
                    weight += part.Weight;
                }
                Assert.Equal(whole["x"].ToArray<long>(), joined);
                Assert.Equal(1, weight, 1e-12);
                seen.AddRange(joined);
            }
            Assert.All(many, loader => Assert.False(loader.TryNext(out _)));
            Assert.Equal(dropLast ? examples / batchSize * batchSize : examples, seen.Distinct().Count());
        }
        foreach (var loader in many) loader.Dispose();
    }

    [Fact]
    public void Each_epoch_has_another_order_and_without_shuffling_the_data_sets()
    {
        using var shuffled = new DataLoader(Numbers(50), new() { BatchSize = 8 });
        Assert.NotEqual(Epoch(shuffled), Epoch(shuffled));
        using var plain = new DataLoader(Numbers(50), new() { BatchSize = 8, Shuffle = false });
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (long)i), Epoch(plain));
    }

    [Fact]
    public void After_a_resume_the_sequence_is_the_same_from_any_position()
    {
        var options = new DataLoaderOptions { BatchSize = 4, Seed = 9 };
        using var loader = new DataLoader(Numbers(10), options);
        var log = new List<(long Epoch, int Step, string Numbers)>();
        Read(loader, 12, log);
        for (var start = 0; start < 8; start++)
        {
            using var resumed = new DataLoader(Numbers(10), options);
            resumed.TryNext(out _);
            resumed.Seek(log[start].Epoch, log[start].Step);
            var again = new List<(long, int, string)>();
            Read(resumed, 4, again);
            Assert.Equal(log.Skip(start).Take(4), again);
        }

        static void Read(DataLoader loader, int calls, List<(long, int, string)> log)
        {
            while (calls-- > 0)
            {
                var at = (loader.Epoch, loader.Step);
                log.Add((at.Epoch, at.Step, loader.TryNext(out var batch) ? string.Join(" ", batch["x"].ToArray<long>()) : "end"));
            }
        }
    }

    [Fact]
    public async Task The_asynchronous_flavour_gives_the_same_batches()
    {
        using var loader = new DataLoader(Numbers(30), new() { BatchSize = 7 });
        using var other = new DataLoader(Numbers(30), new() { BatchSize = 7 });
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var numbers = new List<long>();
            await foreach (var batch in other.ReadEpochAsync()) numbers.AddRange(batch["x"].ToArray<long>());
            Assert.Equal(Epoch(loader), numbers);
        }
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in other.ReadEpochAsync(cancelled.Token)) Assert.Fail("cancelled");
        });
    }

    [Fact]
    public void Augmentation_does_not_depend_on_ranks_or_batch_size()
    {
        var dataset = GeneratedDigits.Create(24, 1).Train;
        Augmentation[] augmentations = [Augmentation.RandomShift("image", 3), Augmentation.HorizontalFlip("image")];
        var images = new Dictionary<string, float[]>();
        foreach (var (batchSize, ranks) in new[] { (24, 1), (5, 1), (12, 3) })
        {
            var all = new List<float>();
            var loaders = Enumerable.Range(0, ranks).Select(rank => new DataLoader(dataset,
                new() { BatchSize = batchSize, Seed = 3, Rank = rank, Ranks = ranks, Augmentations = augmentations })).ToArray();
            for (var step = 0; step < loaders[0].StepsPerEpoch; step++)
                foreach (var loader in loaders)
                {
                    loader.TryNext(out var batch);
                    all.AddRange(batch["image"].ToArray<float>());
                }
            foreach (var loader in loaders) loader.Dispose();
            images.Add($"{batchSize}/{ranks}", [.. all]);
        }
        Assert.Equal(images["24/1"], images["5/1"]);
        Assert.Equal(images["24/1"], images["12/3"]);
    }

    [Fact]
    public void An_error_of_the_data_set_surfaces_after_the_good_batches_and_names_its_place()
    {
        using var loader = new DataLoader(new Probe(20, onWrite: (_, calls) => { if (calls == 3) throw new IOException("disk gone"); }), new() { BatchSize = 5 });
        Assert.True(loader.TryNext(out _));
        Assert.True(loader.TryNext(out _));
        for (var again = 0; again < 2; again++)
        {
            var error = Assert.Throws<DunlinException>(() => loader.TryNext(out _));
            Assert.Contains("epoch 0, step 2 failed: disk gone", error.Message);
        }
    }

    [Fact]
    public void A_data_set_that_hangs_is_an_error_in_time()
    {
        using var release = new ManualResetEventSlim();
        using var loader = new DataLoader(new Probe(20, onWrite: (_, _) => release.Wait()), new() { BatchSize = 5, Timeout = TimeSpan.FromMilliseconds(50) });
        Assert.Contains("within 0.05 s", Assert.Throws<DunlinException>(() => loader.TryNext(out _)).Message);
        release.Set();
    }

    [Fact]
    public void No_step_allocates()
    {
        var allocated = new List<long>(1000);
        using var loader = new DataLoader(
            new Probe(64 * 4 + 3, onWrite: (_, _) => allocated.Add(GC.GetAllocatedBytesForCurrentThread())),
            new() { BatchSize = 64, Rank = 1, Ranks = 2 });
        var before = 0L;
        for (var call = 0; call < 600; call++)
        {
            if (call == 30) before = GC.GetAllocatedBytesForCurrentThread();
            loader.TryNext(out _);
        }
        // A few hundred bytes once, when a thread first has to wait; none for a step.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
        Assert.InRange(allocated[450] - allocated[30], 0, 1000);
    }

    [Fact]
    public void A_loader_that_has_nothing_to_load_is_refused()
    {
        Assert.Contains("do not make", Assert.Throws<DunlinException>(() => new DataLoader(Numbers(3), new() { BatchSize = 4, DropLast = true })).Message);
        Assert.Contains("rank 2", Assert.Throws<DunlinException>(() => new DataLoader(Numbers(3), new() { Rank = 2, Ranks = 2 })).Message);
    }

    private static InMemoryDataset Numbers(int count) =>
        new(Column.Of("x", Tensor.From([.. Enumerable.Range(0, count).Select(i => (long)i)], [count])));

    private static List<long> Epoch(DataLoader loader)
    {
        var numbers = new List<long>();
        while (loader.TryNext(out var batch)) numbers.AddRange(batch["x"].ToArray<long>());
        return numbers;
    }

    private sealed class Probe(int count, Action<Batch, int> onWrite) : IDataset
    {
        private readonly InMemoryDataset _numbers = Numbers(count);
        private int _calls;

        public int Count => count;

        public IReadOnlyList<Field> Fields => _numbers.Fields;

        public void Write(ReadOnlySpan<int> examples, Batch target)
        {
            onWrite(target, ++_calls);
            _numbers.Write(examples, target);
        }
    }
}
