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
        var observer = new Meter();
        var options = new TrainerOptions
        {
            Epochs = 3,
            BatchSize = 8,
            Strategy = new DataParallel(workers),
            Kernels = KernelSets.Resolve(kernels),
            ThreadsPerWorker = 1,
            Augmentations = [Augmentation.RandomShift("image", 1)],
            Observers = [observer],
        };
        new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(), Metrics.Accuracy), options).Fit(GeneratedDigits.Create(240, 1, seed: 4).Train);
        Assert.Equal(0, observer.Allocated);
    }

    /// <summary>Measures the second half of the second epoch.</summary>
    private sealed class Meter : ITrainingObserver
    {
        private long _before;

        public long Allocated { get; private set; } = -1;

        public void Stepped(in StepReport report)
        {
            if (report.Step == 45) _before = GC.GetAllocatedBytesForCurrentThread();
            if (report.Step == 58) Allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
        }
    }
}
