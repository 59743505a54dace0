using Dunlin.Samples.ConcurrentSteps;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;

namespace Dunlin.Samples.Tests;

public sealed class ConcurrentStepsTests : IDisposable
{
    /// <summary>Neither pieces nor batches come out even.</summary>
    private static readonly TrainTest _digits = GeneratedDigits.Create(2990, 500);

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    public void Every_record_is_seen_once_an_epoch_and_the_digits_are_learned(int readers, int trainers)
    {
        using var training = new ConcurrentTraining(_digits, new()
        {
            Epochs = 5,
            Readers = readers,
            Trainers = trainers,
            Checkpoints = _directory,
            SaveEvery = TimeSpan.FromMilliseconds(50),
            Timeout = TimeSpan.FromSeconds(50),
        });
        var outcome = training.Run();
        Assert.All(outcome.Seen, times => Assert.Equal(5, times));
        // Two trainers may each have a short batch at the end.
        Assert.InRange(outcome.Steps, 5 * 2990 / 32 + 1, 5 * 2990 / 32 + 2);
        Assert.InRange(outcome.LongestQueue, 500, 1000);
        Assert.True(outcome.Accuracy > 0.9, $"{outcome.Accuracy}");
        Assert.Equal(outcome.Steps, outcome.Saves[^1]);
        var last = new CheckpointStore(_directory).LoadLatest()!;
        Assert.Equal(outcome.Steps, last.State.Step);
        Assert.Equal(["hidden/bias", "hidden/weight", "output/bias", "output/weight"], last.Load("model").Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_reader_that_fails_ends_the_program_with_its_message()
    {
        using var training = new ConcurrentTraining(_digits, new() { Fail = true, Timeout = TimeSpan.FromSeconds(50) });
        Assert.Equal("'reader 0' failed: Record 0 can't be read.", Assert.Throws<DunlinException>(training.Run).Message);
    }

    [Fact]
    public void A_disk_that_fails_ends_the_program_too()
    {
        var file = Path.Combine(_directory, "file");
        File.WriteAllText(file, "");
        using var training = new ConcurrentTraining(_digits, new() { Checkpoints = file, SaveEvery = TimeSpan.FromMilliseconds(1), Timeout = TimeSpan.FromSeconds(50) });
        Assert.StartsWith("'saver' failed: Can't open the checkpoint directory", Assert.Throws<DunlinException>(training.Run).Message, StringComparison.Ordinal);
    }
}
