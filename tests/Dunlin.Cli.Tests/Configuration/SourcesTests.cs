using System.Text.Json.Nodes;

namespace Dunlin.Cli.Tests.Configuration;

public sealed class SourcesTests : IDisposable
{
    private readonly CommandRunner _dunlin = new();

    public void Dispose() => _dunlin.Dispose();

    [Fact]
    public void A_later_source_goes_over_an_earlier_one_and_says_so()
    {
        // From the lowest to the highest: each source sets what it is to win and everything above it.
        string[] keys = ["seed", "epochs", "batchSize", "validationBatchSize", "patience", "maxSteps"];
        string Settings(int from, int value) => string.Join(", ", keys[from..].Select(key => $"\"{key}\": {value}"));
        _dunlin.Write("appsettings.json", $$"""{ "Logging": {}, "Dunlin": { "Training": { {{Settings(1, 11)}} } } }""");
        _dunlin.Write("appsettings.Test.json", $$"""{ "Dunlin": { "training": { {{Settings(2, 12)}} } } }""");
        _dunlin.Write("my.json", $$"""{ /* comment */ "training": { {{Settings(3, 13)}}, }, }""");
        _dunlin.Environment["DOTNET_ENVIRONMENT"] = "Test";
        _dunlin.Environment["DUNLIN__Training__Patience"] = "14";
        _dunlin.Environment["DUNLIN__TRAINING__MAX_STEPS"] = "14";

        var resolved = Resolve("tiny", "--config", "my.json", "--max_steps=15");

        var training = resolved["training"]!;
        Assert.Equal([1, 11, 12, 13, 14, 15], keys.Select(key => training[key]!.GetValue<int>()));
        Assert.Equal(
            ["recipe tiny", "appsettings.json", "appsettings.Test.json", "my.json", "DUNLIN__Training__Patience", "option --max-steps"],
            keys.Select(key => resolved["$sources"]![$"training.{key}"]!.GetValue<string>()));
        Assert.Equal("default", resolved["$sources"]!["run.grace"]!.GetValue<string>());
    }

    [Fact]
    public void Another_variant_takes_over_nothing_from_the_one_below()
    {
        Assert.Equal(0.003, Resolve("tiny")["optimizer"]!["learningRate"]!.GetValue<double>());
        var sgd = Resolve("tiny", "--optimizer", "sgd")["optimizer"]!.AsObject();
        Assert.Equal(0.1, sgd["learningRate"]!.GetValue<double>());
        Assert.False(sgd.ContainsKey("beta1"));
        Assert.Equal(0.5, Resolve("tiny", "--learning-rate", "0.5", "--optimizer", "sgd")["optimizer"]!["learningRate"]!.GetValue<double>());
        _dunlin.Environment["DUNLIN__Optimizer__LearningRate"] = "0.25";
        Assert.Equal(0.25, Resolve("tiny", "--optimizer", "momentum")["optimizer"]!["learningRate"]!.GetValue<double>());
    }

    [Fact]
    public void The_resolved_configuration_is_a_configuration_that_resolves_to_itself()
    {
        var first = Resolve("mlp", "--set", "metrics=[\"accuracy\", {\"top-accuracy\": 2}]", "--resume");
        _dunlin.Write("again.json", first.ToJsonString());
        var second = Resolve("again.json");
        first.Remove("$sources");
        second.Remove("$sources");
        Assert.True(JsonNode.DeepEquals(first, second), $"{first}\n{second}");
    }

    [Fact]
    public void Flags_are_negated_by_no()
    {
        Assert.True(Resolve("tiny", "--resume")["run"]!["resume"]!.GetValue<bool>());
        _dunlin.Environment["DUNLIN__Run__Resume"] = "true";
        Assert.False(Resolve("tiny", "--no-resume")["run"]!["resume"]!.GetValue<bool>());
    }

    private JsonObject Resolve(params string[] arguments)
    {
        var output = _dunlin.Succeed(["train", .. arguments, "--dry-run"]);
        return JsonNode.Parse(output[..(output.IndexOf("\n}\n", StringComparison.Ordinal) + 3)])!.AsObject();
    }
}
