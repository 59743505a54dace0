using System.Reflection;
using Dunlin.Cli.Catalogues;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Tests.Commands;

public sealed class RecipeTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    public static TheoryData<string> All => [.. Recipe.Names];

    [Theory, MemberData(nameof(All))]
    public void Every_recipe_builds(string name) => Assert.Contains("total", _dunlin.Succeed("summary", name), StringComparison.Ordinal);

    [Fact]
    public void The_recipes_of_the_documentation_are_there() => Assert.Equal(["digits", "fashion-mnist", "mlp", "speech-cnn", "speech-lstm", "tiny"], Recipe.Names);

    [Theory, InlineData("alexnet", "61,100,840"), InlineData("LeNet", "454,922"), InlineData("overfeat", "145,920,872"), InlineData("vgg-a", "132,863,336"), InlineData("resnet-50", "25,557,032")]
    public void A_model_is_summed_up_by_its_name(string name, string parameters) =>
        Assert.Contains(parameters, _dunlin.Succeed("summary", name), StringComparison.Ordinal);

    [Fact]
    public void A_summary_lists_shapes_parameters_and_work() => Assert.Equal(
        """
        layer     kind     output    parameters  FLOPs/example
        ------------------------------------------------------
        flatten   Flatten  [?, 784]           -              -
        linear    Linear   [?, 32]       25,120         50,176
        relu      Relu     [?, 32]            -              -
        linear_1  Linear   [?, 10]          330            640
        ------------------------------------------------------
        total                            25,450         50,816

        """, _dunlin.Succeed("summary", "tiny"), ignoreLineEndingDifferences: true);

    [Fact]
    public void Every_kind_of_layer_can_be_configured()
    {
        _dunlin.Write("all.json", """
            {
              "data": "digits",
              "model": [
                { "conv2d": { "filters": 4, "kernel": [3, 5], "stride": 1, "padding": "same", "dilation": 1, "bias": false } }, "batch-norm", "relu",
                { "residual": [{ "conv2d": { "filters": 4, "padding": 1 } }, { "leaky-relu": 0.1 }] },
                { "residual": { "layers": [{ "conv2d": { "filters": 8, "padding": 1 } }], "shortcut": [{ "conv2d": { "filters": 8, "kernel": 1 } }] } },
                { "branches": [{ "conv2d": { "filters": 2, "kernel": 1 } }, { "sequential": [{ "max-pool2d": { "window": 3, "stride": 1, "padding": 1 } }, "silu"] }] },
                { "max-pool2d": 2 }, { "average-pool2d": {} }, { "dropout": 0.1 },
                "global-average-pool", { "reshape": [2, 5] }, { "conv1d": { "filters": 3, "kernel": 2 } }, "tanh",
                { "reshape": [3, 2, 2, 1] }, { "conv3d": { "filters": 2, "kernel": 1 } }, "flatten", "layer-norm", "sigmoid", { "linear": { "features": 10, "bias": false } },
              ],
            }
            """);
        Assert.Contains("linear", _dunlin.Succeed("summary", "all.json"), StringComparison.Ordinal);
    }

    public static TheoryData<string> Optimizers => [.. OptimizerCatalogue.All.Names];

    [Theory, MemberData(nameof(Optimizers))]
    public void Every_optimizer_trains(string optimizer) =>
        _dunlin.Succeed("train", "tiny", "--optimizer", optimizer, "--set", "optimizer.clipNorm=1", "--set", "optimizer.average=0.9", "--max-steps", "2", "--set", "data.train=64", "--set", "data.test=8");

    [Theory, InlineData("constant"), InlineData("cosine"), InlineData("linear"), InlineData("polynomial"), InlineData("step"), InlineData("exponential"), InlineData("multi-step"), InlineData("slow-start")]
    public void Every_schedule_trains(string schedule) =>
        _dunlin.Succeed("train", "tiny", "--learning-rate", "0.01", "--schedule", schedule, "--set", "schedule.warmup=0.5", "--max-steps", "2", "--set", "data.train=64", "--set", "data.test=8");

    [Fact]
    public void The_documentation_names_every_optimizer_and_its_options()
    {
        var documentation = File.ReadAllText(Path.Combine(CommandRunner.Repository, "docs/configuration.md"));
        var page = File.ReadAllText(Path.Combine(CommandRunner.Repository, "docs/optimizers.md"));
        Assert.All(OptimizerCatalogue.All.Names, name => Assert.Contains($"`{name}`", documentation, StringComparison.Ordinal));
        foreach (var method in typeof(Training.Optimizers).GetMethods(BindingFlags.Public | BindingFlags.Static))
        {
            Assert.Contains($"`{method.Name}`", page, StringComparison.Ordinal);
            Assert.All(method.GetParameters().Skip(1), p => Assert.Contains($"`{p.Name}`", documentation, StringComparison.Ordinal));
        }
    }
}
