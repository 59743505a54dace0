using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Samples.OwnParts;

/// <summary>Branches and loops of all kinds, each with its gradient.</summary>
public static class Loops
{
    /// <summary>Computes them: name, value, gradient of the value's sum.</summary>
    public static IReadOnlyList<(string Name, Tensor Value, Tensor Gradient)> Compute()
    {
        var graph = new Graph();
        var a = graph.Placeholder("a", DType.Float64, []);
        var n = graph.Placeholder("n", DType.Int64, []);
        var xs = graph.Placeholder("xs", DType.Float64, [Shape.Unknown]);
        var rows = graph.Placeholder("rows", DType.Float64, [Shape.Unknown, 2]);
        Value Number(double number) => graph.Constant(number, DType.Float64);

        var values = new List<(string Name, Value Value, Value Of)>
        {
            // Huber's loss: only the branch that is chosen runs.
            ("if", ControlFlow.If(a.Abs() < 1, then: () => a.Square() / 2, otherwise: () => a.Abs() - 0.5), a),

            // Newton's method for √a. Should it not get there in 100 iterations, that is an error.
            ("while", ControlFlow.While(a,
                condition: r => (r.Square() - a).Abs() > 1e-12,
                body: r => (r + a / r) / 2,
                new() { Name = "newton", Limit = 100 }), a),

            // aⁿ, where n is fed.
            ("repeat", ControlFlow.Repeat(n, [Number(1)], (_, s) => [s[0] * a])[0], a),

            // A running mean: what each iteration gives is stacked.
            ("scan", ControlFlow.Scan([xs], [Number(0)], (s, x) =>
            {
                var mean = s[0] * 0.5 + x[0] * 0.5;
                return ([mean], [mean]);
            }).Outputs[0], xs),

            // Squares, until the sum of the elements has reached 4: how many there are is known when it has run.
            ("scan while", ControlFlow.ScanWhile([xs], [Number(0)],
                condition: s => s[0] < 4,
                body: (s, x) => ([s[0] + x[0]], [x[0].Square()])).Outputs[0], xs),

            ("map", ControlFlow.Map(rows, row => row.NormL2()), rows),

            // Horner's rule: the polynomial with coefficients xs at a.
            ("fold", ControlFlow.Fold(xs, Number(0), (sum, x) => sum * a + x), a),

            // [a], [a, 2a], [a, 2a, 2a, 4a]: the state's length changes, which has to be declared.
            ("growing", ControlFlow.Repeat(n, [a.Reshape([1])], (_, s) => [Operations.Concat([s[0], s[0] * 2], 0)],
                new() { Shapes = [[Shape.Unknown]] })[0], a),
        };

        using var session = new Session(graph);
        var results = session.Run([.. values.Select(v => v.Value), .. values.Select(v => Gradients.Of(v.Value.Sum(), v.Of)[0]!.Dense())],
            (a, Tensor.Scalar(2.0)), (n, Tensor.Scalar(3L)), (xs, Tensor.From([1.0, 2, 3, 4])), (rows, Tensor.From([3.0, 4, 6, 8], [2, 2])));
        return [.. values.Select((v, i) => (v.Name, results[i], results[values.Count + i]))];
    }
}
