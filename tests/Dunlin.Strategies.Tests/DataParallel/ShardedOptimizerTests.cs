using System.Reflection;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Every optimiser and every link on pieces of what it changes: it does what it does to the whole, or says that it can't.</summary>
public class ShardedOptimizerTests
{
    private const int Workers = 3;

    /// <summary>Those take lengths of whole tensors, which are summed in another order.</summary>
    private static readonly string[] Rounded = ["Lars", "Lamb", "ClipByNorm", "ClipByGlobalNorm", "ScaleByTrustRatio", "ScaleByLayer"];

    private static readonly Dictionary<string, MethodInfo> Catalogue = typeof(Optimizers).GetMethods(BindingFlags.Public | BindingFlags.Static).ToDictionary(m => m.Name);

    /// <summary>Links that stand in no optimiser of the catalogue, or that are worth a look of their own.</summary>
    private static readonly Dictionary<string, Optimizer> Chains = new()
    {
        ["ClipByValue"] = Optimizers.Adam(0.01).After(new ClipByValue(0.01)),
        ["ClipByNorm"] = Optimizers.Momentum(0.1).After(new ClipByNorm(0.01)),
        ["ClipByGlobalNorm"] = Optimizers.Momentum(0.1).After(new ClipByGlobalNorm(0.01)),
        // Noise on what stands behind the last element must not count in the length.
        ["AddNoise"] = Optimizers.Sgd(0.1).After(new AddNoise(0.1, Seed: 3)),
        ["ScaleByTrustRatio"] = Optimizers.Adam(0.01).After(new AddNoise(0.1), new ScaleByTrustRatio(AllVariables: true)),
        ["ScaleByLayer"] = Optimizers.Momentum(1).After(new Shift(), new ScaleByLayer(AllVariables: true)),
        ["AverageWeights"] = Optimizers.Adam(0.01).Then(new AverageWeights()),
        ["Lookahead"] = Optimizers.Adam(0.01).Then(new Lookahead(2)),
        ["Scale"] = Optimizers.Sgd(0.1).After(new Scale(0.5)),
    };

    private static readonly Lazy<IReadOnlyDictionary<string, Tensor>> Start = new(() => Train(Optimizers.Sgd(0), ShardingStage.None));

    public static TheoryData<string, ShardingStage> Runs
    {
        get
        {
            var runs = new TheoryData<string, ShardingStage>();
            foreach (var name in Catalogue.Keys.Concat(Chains.Keys))
                foreach (var stage in new[] { ShardingStage.OptimizerState, ShardingStage.Gradients, ShardingStage.Parameters }) runs.Add(name, stage);
            return runs;
        }
    }

    [Theory, MemberData(nameof(Runs))]
    public void Pieces_are_updated_as_the_whole_is(string name, ShardingStage stage)
    {
        var optimizer = Catalogue.TryGetValue(name, out var method) ? (Optimizer)method.Invoke(null, [.. method.GetParameters().Select(p => p.DefaultValue)])! : Chains[name];
        var (whole, pieces) = (Train(optimizer, ShardingStage.None), Train(optimizer, stage));
        if (Rounded.Contains(name)) TestRuns.AssertClose(whole, pieces, 1e-5);
        else TestRuns.AssertEqual(whole, pieces);
        Assert.Contains(whole, w => !w.Value.RawBytes.SequenceEqual(Start.Value[w.Key].RawBytes));
    }

    /// <summary>A link that is not here, nor refused, has not been thought about.</summary>
    [Fact]
    public void Every_link_of_the_library_is_tested_on_pieces_or_refuses_them()
    {
        var links = typeof(GradientTransform).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(GradientTransform)) && !t.IsAbstract).Select(t => t.Name).ToHashSet();
        var tested = Catalogue.Values.Select(m => (Optimizer)m.Invoke(null, [.. m.GetParameters().Select(p => p.DefaultValue)])!).Concat(Chains.Values).SelectMany(o => o.Links);
        // ScaleByValue, which holds a value of one graph, stands in no optimiser but those of parameter servers: their tests have it, on variables that are cut.
        Assert.Equal(["Centralize", "ScaleByValue"], links.Except(tested.Select(l => l.GetType().Name)).Order());
    }

    [Theory, InlineData(ShardingStage.OptimizerState), InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void A_link_that_needs_whole_tensors_refuses_pieces_and_names_itself(ShardingStage stage)
    {
        foreach (var link in new GradientTransform[] { new Centralize(), new Stranger() })
        {
            var error = Assert.ThrowsAny<DunlinException>(() => Train(Optimizers.Sgd(0.1).After(link), stage));
            Assert.Contains(link.ToString()!, error.Message, StringComparison.Ordinal);
            Assert.Contains("needs whole tensors", error.Message, StringComparison.Ordinal);
            Assert.Contains($"sharding: {stage}", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Six steps. The biases of 5 and 3 elements leave the last worker nothing, or one element less.</summary>
    private static IReadOnlyDictionary<string, Tensor> Train(Optimizer optimizer, ShardingStage stage)
    {
        var x = Enumerable.Range(0, 23 * 7).Select(i => MathF.Sin(i * i)).ToArray();
        var y = Enumerable.Range(0, 23 * 3).Select(i => MathF.Cos(i)).ToArray();
        var data = new InMemoryDataset(Column.Of("x", Tensor.From(x, [23, 7])), Column.Of("y", Tensor.From(y, [23, 3])));
        var model = new Sequential(new Linear(5), new Tanh(), new Linear(3));
        var strategy = new DataParallel(Workers, new() { BucketBytes = 4096, Sharding = stage });
        return new Trainer(new(model, Losses.Squared, optimizer), TestRuns.Options(strategy, epochs: 2)).Fit(data, data).Weights;
    }

    /// <summary>A link of somebody's own that says nothing of pieces.</summary>
    private sealed record Stranger : GradientTransform
    {
        public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => parameters;
    }

    /// <summary>Works element by element, and makes something of the zeros behind the last one.</summary>
    private sealed record Shift : GradientTransform
    {
        public override bool TakesPieces => true;

        public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g => g + 1))];
    }
}
