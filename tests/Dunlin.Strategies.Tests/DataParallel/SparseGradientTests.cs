using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

public class SparseGradientTests
{
    private const int Words = 4, Vocabulary = 400;

    private static readonly Dictionary<string, Optimizer> Families = new()
    {
        ["sgd"] = Optimizers.Sgd(0.1, weightDecay: 0.01),
        ["momentum"] = Optimizers.Momentum(0.1),
        ["nesterov"] = Optimizers.Nesterov(0.1),
        ["adagrad"] = Optimizers.Adagrad(0.1),
        ["adagrad-da"] = Optimizers.AdagradDa(0.1),
        ["adadelta"] = Optimizers.Adadelta(1),
        ["rmsprop"] = Optimizers.Rmsprop(0.01, momentum: 0.5, centered: true),
        ["rmsprop-warmup"] = Optimizers.RmspropWarmup(0.1, rmsRate: 0.01, center: 2, period: 4),
        ["adam"] = Optimizers.Adam(0.01),
        ["adamw"] = Optimizers.AdamW(0.01),
        ["amsgrad"] = Optimizers.Amsgrad(0.01),
        ["adamax"] = Optimizers.Adamax(0.01),
        ["nadam"] = Optimizers.Nadam(0.01),
        ["radam"] = Optimizers.Radam(0.01),
        ["lion"] = Optimizers.Lion(0.001),
        ["ftrl"] = Optimizers.Ftrl(0.1),
        ["proximal-sgd"] = Optimizers.ProximalSgd(0.1, l2: 0.01),
        ["proximal-adagrad"] = Optimizers.ProximalAdagrad(0.1, l2: 0.01),
        ["lars"] = Optimizers.Lars(0.1),
        ["lamb"] = Optimizers.Lamb(0.01),
        ["clipped"] = Optimizers.Adam(0.01).After(new ClipByGlobalNorm(0.1)),
        ["averaged"] = Optimizers.Adam(0.01).Then(new AverageWeights()),
        ["lookahead"] = Optimizers.Sgd(0.1).Then(new Lookahead(2)),
    };

    public static TheoryData<string, int> Runs
    {
        get
        {
            var runs = new TheoryData<string, int>();
            foreach (var family in Families.Keys)
                foreach (var workers in new[] { 2, 3 }) runs.Add(family, workers);
            return runs;
        }
    }

    /// <summary>23 examples in batches of 10: shares of 4, 3 and 3, and in the last batch 1, 1 and 1, or 2 and 1.</summary>
    [Theory, MemberData(nameof(Runs))]
    public void Rows_of_all_workers_give_the_update_of_one_worker_on_the_joined_batch(string optimizer, int workers)
    {
        var alone = Train(new SingleWorker(), 23, optimizer);
        TestRuns.AssertClose(alone, Train(new DataParallel(workers), 23, optimizer), 5e-5);
    }

    /// <summary>
    /// Whether the rows of all workers are more than a little table has, or are not to travel as rows: the table travels, and yet only the touched rows change. Of 37 rows, 18 are never touched, and others not in each step.
    /// </summary>
    [Theory, MemberData(nameof(Runs))]
    public void Whole_tables_that_travel_change_in_the_touched_rows_only(string optimizer, int workers)
    {
        TestRuns.AssertClose(Train(new SingleWorker(), 11, optimizer, vocabulary: 37), Train(new DataParallel(workers), 11, optimizer, vocabulary: 37), 5e-5);
        TestRuns.AssertClose(Train(new SingleWorker(), 11, optimizer), Train(new DataParallel(workers, new() { SparseGradients = false }), 11, optimizer), 5e-5);
    }

    /// <summary>No word gets through the rectifier: all gradients are zero, and yet the words that were read decay.</summary>
    [Theory, InlineData(37), InlineData(Vocabulary)]
    public void A_row_whose_gradient_is_zero_is_touched_all_the_same(int vocabulary)
    {
        float[] Learned(ITrainingStrategy strategy) => Train(strategy, 11, "sgd", vocabulary, first: new Sequential(new Embedding(vocabulary, 3) { Initializer = Initializers.Constant(-1) }, new Relu()))["embedding/weight"].ToArray<float>();
        var alone = Learned(new SingleWorker());
        Assert.Contains(alone, w => w > -0.999);
        Assert.Contains(alone, w => w == -1);
        Assert.Equal(alone, Learned(new DataParallel(2)));
        Assert.Equal(alone, Learned(new DataParallel(3, new() { SparseGradients = false })));
    }

    /// <summary>Row 0 was named, row 1 not, and row 2 neither, but top-k has sent what it kept of it: that must not be lost. Row 3 was named twice.</summary>
    [Theory, InlineData(2), InlineData(1)]
    public void Rows_of_a_table_have_numbers_where_they_were_named_or_are_not_zero(int rank)
    {
        var graph = new Graph();
        Shape row = rank == 1 ? Shape.Scalar : [2];
        var table = graph.Variable("table", DType.Float32, Shape.Of(4).Append(row.Dimensions), Initializers.Zeros);
        var weight = graph.Placeholder("weight", DType.Float32, []);
        var x = graph.Placeholder("x", DType.Float32, Shape.Of(4).Append(row.Dimensions));
        var named = TableGradient.Of(Gradient.Sparse(graph.Constant(Tensor.From([3L, 0, -1, 3])), x, table.Value), new([x], weight, 4));
        var kept = named with { Sums = named.Sums + graph.Constant(Tensor.From([0f, 0, 7, 0])).Reshape(rank == 1 ? [4] : [4, 1]) };
        var (sparse, late) = (named.ToSparse(), kept.ToSparse());
        using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1 });
        float[] Of(params float[] rows) => [.. rows.SelectMany(r => Enumerable.Repeat(r, (int)row.ElementCount))];
        IReadOnlyList<Tensor> Run(float share) => session.Run([sparse.Indices!, sparse.Values, late.Indices!], (x, Tensor.From(Of(1, 0, 5, 2), x.Shape)), (weight, Tensor.Scalar(share)));
        var results = Run(0.5f);
        Assert.Equal([0, -1, -1, 3], results[0].ToArray<long>());
        Assert.Equal(Of(0, 0, 0, 3), results[1].ToArray<float>());
        Assert.Equal([0, -1, 2, 3], results[2].ToArray<long>());
        Assert.Equal([-1, -1, -1, -1], Run(0)[0].ToArray<long>());
    }

    /// <summary>11 examples in batches of 10: of the last batch, workers without a share run an example whose rows must not be touched, which momentum would move.</summary>
    [Theory, InlineData("adam"), InlineData("momentum")]
    public void Rows_of_a_worker_without_examples_do_not_count(string optimizer) =>
        TestRuns.AssertClose(Train(new SingleWorker(), 11, optimizer), Train(new DataParallel(4), 11, optimizer), 5e-5);

    [Fact]
    public void A_run_is_repeatable_bit_for_bit()
    {
        var (first, second) = (Train(new DataParallel(3), 23, "adam"), Train(new DataParallel(3), 23, "adam"));
        foreach (var (name, tensor) in first) Assert.True(tensor.RawBytes.SequenceEqual(second[name].RawBytes), name);
    }

    [Fact]
    public void Bytes_that_travel_depend_on_the_rows_that_are_touched_and_not_on_the_table()
    {
        long Bytes(int vocabulary, bool sparse = true, int different = Vocabulary)
        {
            var strategy = new CountingStrategy(new DataParallel(2, new() { SparseGradients = sparse }));
            Train(strategy, 20, "adam", vocabulary, different);
            return strategy.Bytes;
        }
        var small = Bytes(Vocabulary);
        Assert.Equal(small, Bytes(100 * Vocabulary));
        Assert.True(Bytes(Vocabulary, sparse: false) > 3 * small, "Of 400 rows, 10 examples touch at most 40.");
        Assert.True(Bytes(Vocabulary, different: 2) < small, "A row travels once, however often it was read.");
    }

    [Fact]
    public void Gradients_travel_dense_where_that_is_less_or_their_size_is_not_known()
    {
        var graph = new Graph();
        var words = graph.Placeholder("words", DType.Int64, [Shape.Unknown, Words]);
        var share = new WorkerShare([words], graph.Placeholder("weight", DType.Float32, []), Largest: 5);
        Gradient Of(int rows, Func<Value, Value> chosen)
        {
            var table = graph.Variable($"table{graph.Nodes.Count}", DType.Float32, [rows, 3], Initializers.Zeros);
            return Gradients.Of(table.Value.Gather(chosen(words)).Square().Sum(), [table])[0]!;
        }
        Assert.Equal(3 * 5 * Words, SparseRows.Capacity(Of(3 * 5 * Words + 1, w => w), share, 3));
        Assert.Null(SparseRows.Capacity(Of(3 * 5 * Words, w => w), share, 3));
        // Pairs of examples: their number is not proportional to the share.
        Assert.Equal(3 * 5 * 5, SparseRows.Capacity(Of(1000, w => w.StridedSlice(.., 0..1) + w.StridedSlice(.., 1..2).Transpose()), share, 3));
        Assert.Null(SparseRows.Capacity(Of(1000, w => w.Unique().Values), share, 3));
        var weights = graph.Variable("w", DType.Float32, [3], Initializers.Zeros);
        var dense = Gradients.Of(weights.Value.Square().Sum(), [weights])[0]!;
        Assert.Null(SparseRows.Capacity(dense, share, 3));
    }

    [Theory, InlineData(DType.Int32), InlineData(DType.Int64)]
    public void Rows_stand_in_the_order_of_the_ranks_and_those_without_a_number_stay_behind(DType type)
    {
        int[][] numbers = [[7, -1, 2], [], [2, 9]];
        var results = LocalRanks.Run(3, communicator =>
        {
            var rank = communicator.Rank;
            return Run(communicator, 6, type, numbers[rank], [.. numbers[rank].Select((_, i) => 10.0 * rank + i)]);
        });
        foreach (var (all, rows) in results)
        {
            Assert.Equal([7, 2, 2, 9, -1, -1], all);
            Assert.Equal([0, 0, 2, 2, 20, 20, 21, 21, 0, 0, 0, 0], rows);
        }
    }

    [Fact]
    public void Rows_for_which_there_is_no_room_are_an_error_on_every_rank()
    {
        var errors = LocalRanks.Run(2, communicator => Assert.Throws<DunlinException>(() => Run(communicator, 3, DType.Int64, [1, 2], [1, 2])).Message);
        Assert.All(errors, e => Assert.Contains("2 ranks name 4 rows, more than the 3", e, StringComparison.Ordinal));
    }

    private static (long[] Numbers, double[] Rows) Run(Dunlin.Tensors.Collectives.ICommunicator communicator, int capacity, DType type, int[] numbers, double[] rows)
    {
        var graph = new Graph();
        var n = graph.Placeholder("numbers", DType.Int32, [Shape.Unknown]);
        var x = graph.Placeholder("rows", DType.Float64, [Shape.Unknown, 1]);
        var (all, gathered) = Operations.AllGatherRows(n.Cast(type), x.BroadcastTo([Shape.Unknown, 2]), "data", capacity);
        using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
        var results = session.Run([all.Cast(DType.Int64), gathered], (n, Tensor.From(numbers, [numbers.Length])), (x, Tensor.From(rows, [rows.Length, 1])));
        return (results[0].ToArray<long>(), results[1].ToArray<double>());
    }

    /// <summary>Trains on texts in which so many different words occur.</summary>
    private static IReadOnlyDictionary<string, Tensor> Train(ITrainingStrategy strategy, int examples, string optimizer, int vocabulary = Vocabulary, int different = Vocabulary, Layer? first = null)
    {
        // Words repeat within an example, between examples of a share, and between shares.
        var words = Enumerable.Range(0, examples * Words).Select(i => (long)(i * i % 37 % different)).ToArray();
        var targets = Enumerable.Range(0, examples).Select(i => (long)(i % 5)).ToArray();
        var data = new InMemoryDataset(Column.Of("words", Tensor.From(words, [examples, Words])), Column.Of("class", Tensor.From(targets, [examples])));
        var model = new Sequential(first ?? new Embedding(vocabulary, 3), new Flatten(), new Tanh(), new Linear(5));
        var options = new TrainerOptions { Epochs = 3, BatchSize = 10, Seed = 5, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };
        return new Trainer(new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, Families[optimizer]), options).Fit(data).Weights;
    }
}
