using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Workers that do not do the same: variables without gradients, branches that only some take, too few examples, gradients that are ready in other orders.</summary>
public class UnevenWorkersTests
{
    private static readonly LocalOptions Impatient = new() { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>Data-parallel runs with everything that meets in the graph.</summary>
    public static TheoryData<int, int, string, bool> Ways => new()
    {
        { 2, 1, "none", false }, { 3, 1, "none", true }, { 4, 1, "bfloat16", false }, { 3, 1, "float16", true }, { 3, 1, "top-k", false }, { 2, 3, "none", true }, { 4, 2, "top-k", true },
    };

    /// <summary>A variable that the loss does not depend on has no gradient on any worker, so that none waits for it.</summary>
    [Theory, MemberData(nameof(Ways))]
    public void A_variable_that_is_not_used_stays_as_it_is(int workers, int parts, string compression, bool sync)
    {
        var weights = Train(new Sequential(new Unused(), new Flatten(), new Linear(6), new BatchNorm(), new Tanh(), new Linear(10)), 23, workers, parts, compression, sync);
        Assert.Equal([1f, 1, 1], weights["unused/weight"].ToArray<float>());
        Assert.Contains(weights["linear_1/bias"].ToArray<float>(), b => b != 0);
    }

    /// <summary>
    /// Each example takes one of two branches with a variable of its own, so that in most steps some workers have no gradient of one of them but zeros. Two passes over one example each, one after the other, say what is right.
    /// </summary>
    [Fact]
    public void Workers_may_take_different_branches()
    {
        IReadOnlyDictionary<string, Tensor> Run(ITrainingStrategy strategy, int parts) => new Trainer(new(new Branching(), Losses.Squared, Optimizers.Momentum(0.1)), new()
        {
            Epochs = 4,
            BatchSize = 2,
            GradientAccumulationSteps = parts,
            Strategy = strategy,
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
        }).Fit(Signs(12)).Weights;
        var (passes, workers) = (Run(new SingleWorker(), 2), Run(new DataParallel(2, new() { Local = Impatient }), 1));
        TestRuns.AssertClose(passes, workers, 1e-5);
        Assert.All(workers.Values, w => Assert.NotEqual(1, w.ToArray<float>()[0], 1e-3));
    }

    /// <summary>Three examples on up to five workers; 13 in batches of 5, of which the last has three. Compression rounds, and the largest elements depend on how examples are shared out; both still finish.</summary>
    [Theory, InlineData(3, 2), InlineData(3, 4), InlineData(3, 5), InlineData(13, 2), InlineData(13, 3), InlineData(13, 4), InlineData(1, 3)]
    public void Examples_need_not_be_divisible_nor_enough_for_all(int examples, int workers)
    {
        Sequential Model() => new(new Flatten(), new Linear(6), new Tanh(), new Linear(10));
        var alone = Train(Model(), examples, 1, 1, "none", false);
        TestRuns.AssertClose(alone, Train(Model(), examples, workers, 1, "none", false), 2e-5);
        TestRuns.AssertClose(alone, Train(Model(), examples, workers, 2, "none", false), 2e-5);
        TestRuns.AssertClose(alone, Train(Model(), examples, workers, 1, "float16", false), 5e-3);
        Assert.NotEmpty(Train(Model(), examples, workers, 1, "top-k", false));
    }

    /// <summary>The statistics of batch normalisation are those of the examples that count, however many workers have none.</summary>
    [Theory, InlineData(3, 4), InlineData(3, 5), InlineData(13, 4)]
    public void Synchronised_normalisation_does_not_see_workers_without_examples(int examples, int workers)
    {
        Sequential Model() => new(new Flatten(), new Linear(6), new BatchNorm(), new Tanh(), new Linear(10));
        TestRuns.AssertClose(Train(Model(), examples, 1, 1, "none", false), Train(Model(), examples, workers, 1, "none", true), 2e-3);
    }

    /// <summary>
    /// Gradients of four branches become ready at random times, other ones on each worker, each in a bucket of its own: collectives start in the order of the graph all the same, and the sums are those of a run without delays.
    /// </summary>
    [Theory, InlineData(2), InlineData(4)]
    public void Gradients_may_be_ready_in_different_orders(int workers)
    {
        Sequential Model(int milliseconds)
        {
            Sequential Branch() => new(new Linear(40), new Lambda(x => x.Graph.Add(new Delay(milliseconds), [x])), new Tanh());
            return new(new Flatten(), new Branches([Branch(), Branch(), Branch(), Branch()]), new Linear(10));
        }
        var (late, on) = (Train(Model(3), 40, workers, 1, "none", false), Train(Model(0), 40, workers, 1, "none", false));
        foreach (var (name, tensor) in on) Assert.True(tensor.RawBytes.SequenceEqual(late[name].RawBytes), name);
    }

    /// <summary>Programs that differ would wait for each other for ever, or add what does not belong together.</summary>
    [Fact]
    public void Ranks_that_exchange_in_different_orders_are_told_so()
    {
        var error = Assert.ThrowsAny<DunlinException>(() => LocalRanks.Run(3, communicator =>
        {
            var graph = new Graph();
            // Collectives take turns in the order in which what they send is produced: on rank 1, that is another.
            (string Name, int Length)[] names = communicator.Rank == 1 ? [("b", 50), ("a", 20)] : [("a", 20), ("b", 50)];
            Value[] order = [.. names.Select(n => graph.Placeholder(n.Name, DType.Float32, [n.Length]))];
            var sums = order.SelectMany(v => Operations.AllReduceTogether([v], "data")).ToArray();
            using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => communicator });
            session.Run(sums, [.. order.Zip(names, (value, n) => (value, Tensor.Zeros(DType.Float32, [n.Length])))]);
        }, Impatient));
        Assert.Contains("AllReduce", error.Message, StringComparison.Ordinal);
        Assert.Contains("rank", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static IReadOnlyDictionary<string, Tensor> Train(Layer model, int examples, int workers, int parts, string compression, bool sync)
    {
        var options = new DataParallelOptions
        {
            BucketBytes = 4096,
            Local = Impatient,
            Compression = compression switch
            {
                "bfloat16" => GradientCompression.BFloat16,
                "float16" => GradientCompression.Float16,
                "top-k" => GradientCompression.TopK(0.1),
                _ => GradientCompression.None,
            },
        };
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05)), new()
        {
            Epochs = 2,
            BatchSize = 5,
            Seed = 3,
            GradientAccumulationSteps = parts,
            SyncBatchNorm = sync,
            Strategy = new DataParallel(workers, options),
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
        }).Fit(GeneratedDigits.Create(examples, 2, seed: 3).Train).Weights;
    }

    /// <summary>Numbers of both signs.</summary>
    private static InMemoryDataset Signs(int count) => new(
        Column.Of("x", Tensor.From([.. Enumerable.Range(0, count).Select(i => (float)Math.Sin(1 + 2.3 * i))], [count, 1])), Column.Of("y", Tensor.Zeros(DType.Float32, [count, 1])));

    /// <summary>Has a variable that nothing reads.</summary>
    private sealed class Unused : Layer
    {
        protected internal override Value Build(BuildContext context, Value input)
        {
            context.Variable("weight", [3], Initializers.Ones);
            return input;
        }
    }

    /// <summary>x times one variable where x is above 0 on the whole, else times another.</summary>
    private sealed class Branching : Layer
    {
        protected internal override Value Build(BuildContext context, Value input)
        {
            var (up, down) = (context.Variable("up", [1], Initializers.Ones), context.Variable("down", [1], Initializers.Ones));
            return ControlFlow.If(input.Sum() > 0, () => input * up.Value, () => input * down.Value * 2);
        }
    }

    /// <summary>Passes on after a random time, forward and backward.</summary>
    private sealed record Delay(int Most) : Operation
    {
        public override bool IsStateful => true;

        public override string? NoVectorizationReason => "It is for one test.";

        public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0]];

        public override Kernel Prepare(PrepareContext context) => new Copy(context.Inputs[0].Bytes, Most);

        public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(new Delay(Most), [outputGradients[0]!])];

        private sealed unsafe class Copy(long bytes, int most) : Kernel
        {
            private static int s_made;

            // Other times in each branch, on each rank.
            private readonly Random _random = new(Interlocked.Increment(ref s_made));

            public override void Run(nint* buffers, ThreadTeam threads)
            {
                if (most > 0) Thread.Sleep(_random.Next(most + 1));
                Buffer.MemoryCopy((void*)buffers[0], (void*)buffers[1], bytes, bytes);
            }
        }
    }
}
