using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class DatasetTests
{
    [Fact]
    public void Pixels_are_scaled_by_channel_and_labels_widen()
    {
        var dataset = new InMemoryDataset(
            Column.Pixels("image", Tensor.From(new byte[] { 0, 255, 51, 102, 255, 0, 0, 51 }, [2, 2, 1, 2]), [0f, 0.5f], [1f, 2f]),
            Column.Labels("label", Tensor.From(new byte[] { 3, 200 })));
        Assert.Equal(["Float32[2, 1, 2]", "Int64[]"], dataset.Fields.Select(field => field.Type.ToString()));
        var batch = new Batch(dataset.Fields, 3);
        dataset.Write([1, 0, 1], batch);
        Assert.Equal([200, 3, 200], batch["label"].ToArray<long>());
        float[] first = [0, 1, (0.2f - 0.5f) / 2, (0.4f - 0.5f) / 2], second = [1, 0, -0.25f, (0.2f - 0.5f) / 2];
        Assert.Equal([.. second, .. first, .. second], batch["image"].ToArray<float>());
        Assert.Contains("\"label\"", Assert.Throws<DunlinException>(() => batch["labels"]).Message);
        Assert.Throws<InvalidValueException>(() => dataset.Write([0, 1, 2], batch));
    }

    [Fact]
    public void Columns_must_have_equally_many_examples() =>
        Assert.Contains("\"a\" has 2 examples, but \"b\" has 3", Assert.Throws<ShapeException>(() =>
            new InMemoryDataset(Column.Of("a", Tensor.From([1f, 2])), Column.Of("b", Tensor.From([1f, 2, 3])))).Message);

    [Fact]
    public void A_split_shares_out_every_example_once_and_repeats_for_its_seed()
    {
        var dataset = new InMemoryDataset(Column.Of("x", Tensor.From([.. Enumerable.Range(0, 100)], [100])));
        var (train, test) = dataset.Split(0.1, seed: 4);
        Assert.Equal((90, 10), (train.Count, test.Count));
        Assert.Equal(Enumerable.Range(0, 100), X(train).Concat(X(test)).Order());
        Assert.Equal(X(test), X(dataset.Split(0.1, seed: 4).Test));
        Assert.NotEqual(X(test), X(dataset.Split(0.1, seed: 5).Test));
        Assert.Equal(X(test)[..3], X(test.Take(3)));

        static int[] X(IDataset part) => part.ToBatch()["x"].ToArray<int>();
    }

    [Fact]
    public void Shifted_images_keep_their_pixels_and_fill_with_zero()
    {
        const int side = 5;
        var original = Enumerable.Range(1, 2 * side * side).Select(i => (float)i).ToArray();
        var dataset = new InMemoryDataset(Column.Of("image", Tensor.From(original, [1, 2, side, side])));
        var offsets = new HashSet<(int, int)>();
        for (var epoch = 0; epoch < 400; epoch++)
        {
            var batch = dataset.ToBatch();
            Augmentation.RandomShift("image", 2).Apply(batch, [0], new PhiloxKey(1).At(epoch));
            var shifted = batch["image"].ToArray<float>();
            var match = (from down in Enumerable.Range(-2, 5) from right in Enumerable.Range(-2, 5) where shifted.SequenceEqual(Naive(down, right)) select (down, right)).Single();
            offsets.Add(match);
        }
        Assert.Equal(25, offsets.Count);

        float[] Naive(int down, int right) => [.. from c in Enumerable.Range(0, 2) from y in Enumerable.Range(0, side) from x in Enumerable.Range(0, side)
            select y - down is >= 0 and < side && x - right is >= 0 and < side ? original[(c * side + y - down) * side + x - right] : 0];
    }

    [Fact]
    public void About_half_of_the_images_are_mirrored()
    {
        var dataset = new InMemoryDataset(Column.Of("image", Tensor.From([.. Enumerable.Repeat(new[] { 1f, 2, 3 }, 1000).SelectMany(x => x)], [1000, 1, 1, 3])));
        var batch = dataset.ToBatch();
        Augmentation.HorizontalFlip("image").Apply(batch, [.. Enumerable.Range(0, 1000)], new PhiloxKey(1));
        var rows = batch["image"].ToArray<float>().Chunk(3).ToArray();
        Assert.All(rows, row => Assert.Contains(row, new[] { new[] { 1f, 2, 3 }, [3f, 2, 1] }));
        Assert.InRange(rows.Count(row => row[0] == 3), 430, 570);
    }

    [Fact]
    public void Linear_data_follow_their_weights()
    {
        var weights = Tensor.From([1f, 2, -3, 0.5f, 0, 4], [3, 2]);
        var batch = SyntheticRegression.Linear(200, weights).ToBatch();
        var (x, y) = (batch["x"].ToArray<float>(), batch["y"].ToArray<float>());
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(x[3 * i] - 3 * x[3 * i + 1], y[2 * i], 1e-5f);
            Assert.Equal(2 * x[3 * i] + 0.5f * x[3 * i + 1] + 4 * x[3 * i + 2], y[2 * i + 1], 1e-5f);
        }
        var noisy = SyntheticRegression.Linear(200, weights, noise: 0.1f).ToBatch()["y"].ToArray<float>();
        Assert.Equal(0.01, noisy.Zip(y, (a, b) => (a - b) * (a - b)).Average(), 0.003);
    }
}
