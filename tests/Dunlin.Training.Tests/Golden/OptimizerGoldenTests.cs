using Dunlin.Tensors;
using Dunlin.Training.Tests.Optimizers;

namespace Dunlin.Training.Tests.Golden;

/// <summary>The weights that PyTorch's optimisers arrive at; see eng/golden/optimizers.py.</summary>
public class OptimizerGoldenTests
{
    private const double Least = 1e-300;

    private static readonly Dictionary<string, Optimizer> ByName = new()
    {
        ["sgd"] = Training.Optimizers.Sgd(0.1, weightDecay: 0.3),
        ["momentum"] = Training.Optimizers.Momentum(0.1, 0.8),
        ["nesterov"] = Training.Optimizers.Nesterov(0.1, 0.8),
        ["adagrad"] = Training.Optimizers.Adagrad(0.1, 0.2, 1e-3),
        ["adadelta"] = Training.Optimizers.Adadelta(0.7, 0.9, 1e-3),
        ["rmsprop"] = Training.Optimizers.Rmsprop(0.01, 0.8, 0.7, Least),
        ["rmsprop-centered"] = Training.Optimizers.Rmsprop(0.01, 0.8, 0, Least, centered: true),
        ["adam"] = new(new ScaleByAdam(0.8, 0.95, 1e-3, CorrectedRoot: true), new ScaleBySchedule(0.01)),
        ["amsgrad"] = new(new ScaleByAdam(0.8, 0.95, 1e-3, AmsGrad: true, CorrectedRoot: true), new ScaleBySchedule(0.01)),
        ["adamw"] = new(new ScaleByAdam(0.8, 0.95, 1e-3, CorrectedRoot: true), new AddDecayedWeights(0.2), new ScaleBySchedule(0.01)),
        ["adamax"] = Training.Optimizers.Adamax(0.01, 0.8, 0.95, Least),
        ["radam"] = Training.Optimizers.Radam(0.01, 0.8, 0.95, Least),
    };

    public static TheoryData<string> Cases => [.. Keys()];

    [Theory, MemberData(nameof(Cases))]
    public void Weights_are_those_of_PyTorch_after_every_update(string key)
    {
        using var file = Open();
        var first = file.Load($"{key}/in0");
        using var run = new OptimizerRun(ByName[key.Split('/')[0]], DType.Float64, first.Shape, sparse: false);
        run.Set(first);
        var updates = file.Names.Count(n => n.StartsWith($"{key}/out", StringComparison.Ordinal));
        Assert.True(updates >= 10);
        for (var t = 0; t < updates; t++)
        {
            run.Step(file.Load($"{key}/in{t + 1}"));
            Assert.Equal(file.Load($"{key}/out{t}").ToArray<double>(), run.Weights<double>(), (a, b) => Math.Abs(a - b) <= 1e-10 * (1 + Math.Abs(a)));
        }
    }

    [Fact]
    public void Every_optimiser_here_has_three_cases()
    {
        var counts = Keys().CountBy(k => k.Split('/')[0]).ToDictionary();
        Assert.Equal(ByName.Keys.Order(StringComparer.Ordinal), counts.Keys.Order(StringComparer.Ordinal));
        Assert.All(counts.Values, count => Assert.True(count >= 3));
    }

    private static string[] Keys()
    {
        using var file = Open();
        return [.. file.Names.Select(n => n[..n.LastIndexOf('/')]).Distinct().Order(StringComparer.Ordinal)];
    }

    private static SafetensorsFile Open() => SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "optimizers.safetensors"));
}
