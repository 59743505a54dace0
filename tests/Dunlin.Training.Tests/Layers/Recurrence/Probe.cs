using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers.Recurrence;

/// <summary>A recurrent layer in double precision over inputs and first states that are variables, so that gradients reach everything.</summary>
internal sealed class Probe : IDisposable
{
    public const int Batch = 3, Steps = 5, Features = 2;

    private readonly BuildContext _context;

    public Probe(RecurrentCell cell, int batch = Batch, int steps = Steps, SessionOptions? options = null)
    {
        Graph = new();
        Cell = cell;
        _context = new(Graph, training: true);
        X = Number("x", [batch, steps, Features]);
        First = [.. cell.StateFeatures.Select((f, i) => Number($"first_{i}", [batch, f]))];
        Session = new(Graph, options ?? TestSession.Options);
    }

    public Graph Graph { get; }

    public RecurrentCell Cell { get; }

    public Variable X { get; }

    public IReadOnlyList<Variable> First { get; }

    public Session Session { get; }

    public (Value Outputs, IReadOnlyList<Value> States) Apply(Recurrent layer, Value? lengths = null)
    {
        var result = layer.Apply(_context, X.Value, lengths, [.. First.Select(f => f.Value)]);
        Scatter();
        return result;
    }

    public Value Apply(Bidirectional layer, Value lengths)
    {
        var y = layer.Apply(_context, X.Value, lengths);
        Scatter();
        return y;
    }

    public double[] Run(Value value) => Session.Run(value).ToArray<double>();

    public double[] Elements(Variable variable) => Session.Storage(variable).ToArray<double>();

    /// <summary>The cell's variable of the given name.</summary>
    public Variable Weight(string name) => Graph.Variables.Single(v => v.Name.EndsWith("/" + name, StringComparison.Ordinal));

    /// <summary>Σ value · r with r that differ, so that no element can hide.</summary>
    public static Value Contract(params IEnumerable<Value> values) => values.Select((v, i) =>
    {
        var r = Tensor.Uninitialized(DType.Float64, v.Shape);
        for (var e = 0; e < r.ElementCount; e++) r.Span<double>()[e] = 0.5 + (7 * e + i) % 11 / 11.0;
        return (v * v.Graph.Constant(r)).Sum();
    }).Aggregate((a, b) => a + b);

    public void Dispose() => Session.Dispose();

    private Variable Number(string name, Shape shape) => Graph.Variable(name, DType.Float64, shape, Training.Initializers.Normal(0, 0.8));

    /// <summary>Biases, too, get numbers that nothing is equal to by accident.</summary>
    private void Scatter()
    {
        foreach (var bias in Graph.Variables.Where(v => v.Name.EndsWith("bias", StringComparison.Ordinal)))
            Training.Initializers.Normal(0, 0.5).Fill(Session.Storage(bias), seed: 3, Streams.Of(bias.Name));
    }
}
