using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

public class AllocationTests
{
    /// <summary>Loader, step, collectives and reports together, on worker 0's thread, once every shape has been seen.</summary>
    [Theory, InlineData(1, "managed"), InlineData(2, "managed"), InlineData(1, "onednn"), InlineData(2, "onednn")]
    public void A_training_step_allocates_nothing(int workers, string kernels)
    {
        var model = new Sequential(new Conv2d(8, 3, padding: 1), new BatchNorm(), new Relu(), new MaxPool2d(2), new Flatten(), new Dropout(0.1), new Linear(10));
        AssertAllocatesNothing(model, GeneratedDigits.Create(240, 1, seed: 4).Train, workers, kernels, augmentations: Augmentation.RandomShift("image", 1));
    }

    [Theory, InlineData(1), InlineData(2)]
    public void A_training_step_in_micro_batches_allocates_nothing(int workers)
    {
        var model = new Sequential(new Conv2d(8, 3, padding: 1), new BatchNorm(), new Relu(), new MaxPool2d(2), new Flatten(), new Dropout(0.1), new Linear(10));
        AssertAllocatesNothing(model, GeneratedDigits.Create(240, 1, seed: 4).Train, workers, "managed", accumulate: 3);
    }

    /// <summary>The rows of an embedding's gradient travel as rows.</summary>
    [Theory, InlineData(1), InlineData(3)]
    public void A_training_step_with_sparse_gradients_allocates_nothing(int workers)
    {
        AssertAllocatesNothing(new Sequential(new Embedding(1000, 8), new Flatten(), new Linear(10)), Words(), workers, "managed");
    }

    [Theory]
    [InlineData(ShardingStage.OptimizerState, 1), InlineData(ShardingStage.Gradients, 1), InlineData(ShardingStage.Parameters, 1)]
    [InlineData(ShardingStage.OptimizerState, 3), InlineData(ShardingStage.Gradients, 3), InlineData(ShardingStage.Parameters, 3)]
    public void A_training_step_whose_update_is_shared_allocates_nothing(ShardingStage sharding, int accumulate)
    {
        var model = new Sequential(new Conv2d(8, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(10));
        AssertAllocatesNothing(model, GeneratedDigits.Create(240, 1, seed: 4).Train, 3, "managed", accumulate, sharding);
    }

    /// <summary>A worker's step, its calls and the servers' updates, which are done by its thread; with variables that are cut. Rows of tables take a few kilobytes.</summary>
    [Theory, MemberData(nameof(Protocols))]
    public void A_training_step_with_parameter_servers_allocates_nothing(ServerProtocol protocol, int workers, int servers)
    {
        var model = new Sequential(new Flatten(), new Linear(16), new Relu(), new Linear(10));
        AssertAllocatesNothing(model, GeneratedDigits.Create(240, 1, seed: 4).Train, new ParameterServer(workers, new() { Servers = servers, Protocol = protocol }), "managed");
    }

    public static TheoryData<ServerProtocol, int, int> Protocols => new()
    {
        { new ServerProtocol.Asynchronous(), 1, 1 },
        { new ServerProtocol.Asynchronous(), 1, 3 },
        { new ServerProtocol.Asynchronous { PushEvery = 2, FetchEvery = 3, OwnSteps = Optimizers.Sgd(0.01) }, 2, 3 },
        { new ServerProtocol.TryLock(4), 2, 2 },
        { new ServerProtocol.ElasticAveraging(2), 2, 2 },
        { new ServerProtocol.Synchronous(), 2, 2 },
    };

    private static InMemoryDataset Words()
    {
        var words = Enumerable.Range(0, 240 * 4).Select(i => (long)(i * 7919 % 1000)).ToArray();
        var classes = Enumerable.Range(0, 240).Select(i => (long)(i % 10)).ToArray();
        return new InMemoryDataset(Column.Of("words", Tensor.From(words, [240, 4])), Column.Of("class", Tensor.From(classes, [240])));
    }

    private static void AssertAllocatesNothing(
        Layer model, IDataset data, int workers, string kernels, int accumulate = 1, ShardingStage sharding = ShardingStage.None, params Augmentation[] augmentations) =>
        AssertAllocatesNothing(model, data, new DataParallel(workers, new() { BucketBytes = 4096, Sharding = sharding }), kernels, accumulate, augmentations);

    private static void AssertAllocatesNothing(Layer model, IDataset data, ITrainingStrategy strategy, string kernels, int accumulate = 1, params Augmentation[] augmentations)
    {
        var observer = new Meter();
        var options = new TrainerOptions
        {
            Epochs = Meter.Epochs,
            BatchSize = 8,
            GradientAccumulationSteps = accumulate,
            Strategy = strategy,
            Kernels = KernelSets.Resolve(kernels),
            ThreadsPerWorker = 1,
            Augmentations = augmentations,
            Observers = [observer],
        };
        new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(), Metrics.Accuracy), options).Fit(data);
        Assert.Equal(0, observer.Allocated);
    }

    /// <summary>
    /// Measures the second half of every epoch but the first, and gives the median: where one rank gets further ahead than any did before, more collectives are under way than ever, and one is made, once.
    /// </summary>
    private sealed class Meter : ITrainingObserver
    {
        public const int Epochs = 6;

        private readonly List<long> _allocated = [];
        private long _before;

        public long Allocated => _allocated.Count == Epochs - 1 ? _allocated.Order().ElementAt(_allocated.Count / 2) : -1;

        public void Stepped(in StepReport report)
        {
            var step = report.Step - report.Epoch * 30;
            if (report.Epoch > 0 && step == 15) _before = GC.GetAllocatedBytesForCurrentThread();
            if (report.Epoch > 0 && step == 28) _allocated.Add(GC.GetAllocatedBytesForCurrentThread() - _before);
        }
    }
}
