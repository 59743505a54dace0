using Dunlin.Tensors;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Training.Tests.Checkpoints;

/// <summary>The program that the test of killed processes starts: saves one checkpoint after the other, and says so, until it is killed.</summary>
internal static class CheckpointProcess
{
    public const string Verb = "save-until-killed";

    public static int Main(string[] arguments)
    {
        if (arguments is not [Verb, var directory]) return 2;
        var store = new CheckpointStore(directory, new() { KeepLast = 2 });
        var step = store.LoadLatest()?.State.Step ?? 0;
        Console.WriteLine("ready");
        while (true)
        {
            store.Save(new() { Step = ++step }, Tensors(step));
            Console.WriteLine(step);
        }
    }

    /// <summary>Tensors from which one can tell their step, and whether all belong to the same one.</summary>
    public static Dictionary<string, IReadOnlyDictionary<string, Tensor>> Tensors(long step)
    {
        var weights = new float[1 << 18];
        Array.Fill(weights, step);
        return new()
        {
            ["model"] = new Dictionary<string, Tensor> { ["weight"] = Tensor.From(weights) },
            ["optimizer"] = new Dictionary<string, Tensor> { ["momentum"] = Tensor.From([step, -step]) },
        };
    }

    public static void AssertComplete(Checkpoint checkpoint)
    {
        var expected = Tensors(checkpoint.State.Step);
        foreach (var (group, tensors) in expected)
        {
            var loaded = checkpoint.Load(group);
            Assert.Equal(tensors.Keys, loaded.Keys);
            Assert.All(tensors, pair => Assert.True(pair.Value.RawBytes.SequenceEqual(loaded[pair.Key].RawBytes)));
        }
    }
}
