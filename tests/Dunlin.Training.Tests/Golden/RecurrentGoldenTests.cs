using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Golden;

/// <summary>What PyTorch's recurrent layers compute, and the gradients of their inputs and all weights; see eng/golden/recurrent.py.</summary>
public class RecurrentGoldenTests
{
    private static readonly Dictionary<string, (Func<int, RecurrentCell> Cell, string? More)> Kinds = new()
    {
        ["elman"] = (units => new ElmanCell(units), null),
        ["lstm"] = (units => new LstmCell(units), null),
        ["lstm-projection"] = (units => new LstmCell(units) { Projection = 2 }, "projection"),
        ["gru-after"] = (units => new GruCell(units) { ResetAfter = true }, "state_bias"),
        ["gru-before"] = (units => new GruCell(units), null),
    };

    public static TheoryData<string> Cases => [.. Keys()];

    [Theory, MemberData(nameof(Cases))]
    public void Outputs_states_and_gradients_are_those_of_PyTorch(string key)
    {
        var (kind, shape) = (key.Split('/')[0], key.Split('/')[1]);
        var (make, more) = Kinds[kind];
        var (layers, directions) = (shape.Contains("two", StringComparison.Ordinal) ? 2 : 1, shape.Contains("both", StringComparison.Ordinal) ? 2 : 1);
        using var file = Open();
        string[] names = ["input_weight", "state_weight", "bias", .. more is null ? Array.Empty<string>() : [more]];

        var graph = new Graph();
        var context = new BuildContext(graph, training: true);
        var input = file.Load($"{key}/in0");
        var x = graph.Variable("x", DType.Float64, input.Shape, Training.Initializers.Zeros);
        var lengths = graph.Constant(file.Load($"{key}/in1"));
        var units = file.Load($"{key}/in3").Shape[0] / (kind == "elman" ? 1 : kind.StartsWith("lstm", StringComparison.Ordinal) ? 4 : 3);
        var y = x.Value;
        var states = new List<Value>();
        var weights = new List<Variable> { x };
        for (var layer = 0; layer < layers; layer++)
        {
            var both = new List<Value>();
            for (var d = 0; d < directions; d++)
            {
                var before = graph.Variables.Count;
                var (outputs, last) = new Recurrent(make(units)) { Name = $"layer{layer}{d}", Reverse = d == 1 }.Apply(context, y, lengths);
                both.Add(outputs);
                states.AddRange(last);
                weights.AddRange(names.Select(n => graph.Variables.Skip(before).Single(v => v.Name.EndsWith("/" + n, StringComparison.Ordinal))));
            }
            y = directions == 1 ? both[0] : Operations.Concat(both, -1);
        }
        // Behind a sequence's end PyTorch has zeros.
        Value[] results = [y * lengths.SequenceMask(y, axis: 1).Cast(DType.Float64).ExpandDims(-1), .. states];
        var total = results.Select(r => (r * graph.Constant(Weights(r.Shape))).Sum()).Aggregate((a, b) => a + b);
        var gradients = Gradients.Of(total, [.. weights]);

        using var session = new Session(graph, TestSession.Options);
        for (var i = 0; i < weights.Count; i++) file.Load($"{key}/in{InputOf(i)}").RawBytes.CopyTo(session.Storage(weights[i]).RawBytes);
        Value[] fetched = [.. results, .. gradients.Select(g => g!.Dense())];
        var computed = session.Run(fetched);
        for (var i = 0; i < results.Length; i++) AssertClose(file.Load($"{key}/out{i}"), computed[i], $"output {i}");
        for (var i = 0; i < weights.Count; i++) AssertClose(file.Load($"{key}/grad{InputOf(i)}"), computed[results.Length + i], $"the gradient of {weights[i].Name}");
    }

    [Fact]
    public void Every_cell_here_has_three_cases()
    {
        var counts = Keys().CountBy(k => k.Split('/')[0]).ToDictionary();
        Assert.Equal(Kinds.Keys.Order(StringComparer.Ordinal), counts.Keys.Order(StringComparer.Ordinal));
        Assert.All(counts.Values, count => Assert.True(count >= 3));
    }

    /// <summary>Input 1 is the lengths.</summary>
    private static int InputOf(int weight) => weight == 0 ? 0 : weight + 1;

    /// <summary>As weights() in eng/golden/golden.py.</summary>
    private static Tensor Weights(Shape shape)
    {
        var weights = Tensor.Uninitialized(DType.Float64, shape);
        for (var i = 0; i < weights.ElementCount; i++) weights.Span<double>()[i] = 0.5 + i * 7 % 11 / 11.0;
        return weights;
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        var (a, b) = (expected.ToArray<double>(), actual.ToArray<double>());
        for (var i = 0; i < a.Length; i++) Assert.True(Math.Abs(a[i] - b[i]) <= 1e-10 * (1 + Math.Abs(a[i])), $"{what}: {b[i]} at place {i}, not {a[i]}.");
    }

    private static string[] Keys()
    {
        using var file = Open();
        return [.. file.Names.Select(n => n[..n.LastIndexOf('/')]).Distinct().Order(StringComparer.Ordinal)];
    }

    private static SafetensorsFile Open() => SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "recurrent.safetensors"));
}
