using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers.Recurrence;

public class RecurrentTests
{
    public static TheoryData<string> Names => Cells.Names;

    public static TheoryData<string, bool> BothWays
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var name in Cells.All)
            {
                data.Add(name, false);
                data.Add(name, true);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(BothWays))]
    public void Outputs_and_states_are_those_of_a_plain_loop(string name, bool reverse)
    {
        using var probe = new Probe(Cells.Make(name));
        var (y, states) = probe.Apply(new Recurrent(probe.Cell) { Reverse = reverse });
        var (outputs, last) = Naive(probe, reverse);
        AssertClose(outputs, probe.Run(y), 1e-12);
        for (var s = 0; s < states.Count; s++) AssertClose(last[s], probe.Run(states[s]), 1e-12);
    }

    [Theory, MemberData(nameof(Names))]
    public void Gradients_of_inputs_weights_and_first_states_are_finite_differences(string name)
    {
        using var probe = new Probe(Cells.Make(name));
        var (y, states) = probe.Apply(new Recurrent(probe.Cell));
        AssertDifferences(probe, Probe.Contract([y, .. states]));
    }

    [Fact]
    public void Gradients_in_both_directions_with_lengths_are_finite_differences()
    {
        using var probe = new Probe(new LstmCell(Cells.Units));
        AssertDifferences(probe, Probe.Contract(probe.Apply(new Bidirectional(probe.Cell, new GruCell(2)), Lengths(probe.Graph))));
    }

    [Theory, MemberData(nameof(BothWays))]
    public void A_sequence_in_a_batch_with_lengths_is_as_alone(string name, bool reverse)
    {
        using var probe = new Probe(Cells.Make(name));
        var layer = new Recurrent(probe.Cell) { Reverse = reverse };
        var (y, states) = probe.Apply(layer, Lengths(probe.Graph));
        List<Value> together = [], alone = [];
        for (var n = 0; n < Probe.Batch; n++)
        {
            var context = new Probe(Cells.Make(name), batch: 1, steps: LengthOf[n]);
            using var one = context;
            var (yOne, statesOne) = one.Apply(new Recurrent(one.Cell) { Reverse = reverse });
            Copy(probe, one, n);
            Value[] parts = [y.Slice([n, 0, 0], [1, LengthOf[n], -1]), .. states.Select(s => s.Slice([n, 0], [1, -1]))];
            Value[] partsOne = [yOne, .. statesOne];
            foreach (var (a, b) in parts.Zip(partsOne)) AssertClose(one.Run(b), probe.Run(a), 1e-12);
            var gradients = Gradients.Of(Probe.Contract(parts), probe.Graph.Variables);
            var gradientsOne = Gradients.Of(Probe.Contract(partsOne), one.Graph.Variables);
            for (var v = 0; v < gradients.Count; v++)
            {
                var (own, whole) = (one.Run(gradientsOne[v]!.Dense()), probe.Run(gradients[v]!.Dense()));
                // Of the inputs and first states, only the sequence's own rows may matter.
                if (v == 0) whole = RowsOf(whole, n, Probe.Steps * Probe.Features, LengthOf[n] * Probe.Features);
                else if (v <= probe.First.Count) whole = RowsOf(whole, n, own.Length, own.Length);
                AssertClose(own, whole, 1e-12);
            }
        }
    }

    [Fact]
    public void Both_directions_stand_side_by_side_and_the_second_begins_at_each_end()
    {
        using var probe = new Probe(new LstmCell(Cells.Units));
        var (forward, backward) = (new LstmCell(Cells.Units), new GruCell(2));
        var context = new BuildContext(probe.Graph, training: true);
        var y = new Bidirectional(forward, backward).Apply(context, probe.X.Value, Lengths(probe.Graph));
        var all = probe.Run(y);
        for (var n = 0; n < Probe.Batch; n++)
        {
            var naive = new[] { ("forward", (RecurrentCell)forward, false), ("backward", backward, true) }.Select(part =>
            {
                var cells = new NaiveCells(w => probe.Elements(probe.Weight($"{part.Item1}/{w}")), Probe.Features);
                return Sequence(cells, part.Item2, Inputs(probe, n, LengthOf[n]), [.. part.Item2.StateFeatures.Select(f => new double[f])], part.Item3).Outputs;
            }).ToArray();
            for (var t = 0; t < LengthOf[n]; t++)
                AssertClose([.. naive[0][t], .. naive[1][t]], all.AsSpan((n * Probe.Steps + t) * 5, 5).ToArray(), 1e-12);
        }
    }

    [Fact]
    public void An_lstm_with_open_gates_is_an_accumulator()
    {
        using var probe = new Probe(new LstmCell(Cells.Units));
        var layer = new Recurrent(probe.Cell);
        var (_, states) = probe.Apply(layer);
        probe.Session.Storage(probe.Weight("state_weight")).RawBytes.Clear();
        var bias = probe.Session.Storage(probe.Weight("bias")).Span<double>();
        for (var i = 0; i < bias.Length; i++) bias[i] = i / Cells.Units == 2 ? 0 : 50;
        var (w, c0) = (probe.Elements(probe.Weight("input_weight")), probe.Elements(probe.First[1]));
        var expected = Enumerable.Range(0, Probe.Batch).SelectMany(n => Enumerable.Range(0, Cells.Units).Select(j => c0[n * Cells.Units + j] + Inputs(probe, n, Probe.Steps)
            .Sum(x => Math.Tanh(x.Select((v, i) => w[(2 * Cells.Units + j) * Probe.Features + i] * v).Sum()))));
        AssertClose([.. expected], probe.Run(states[1]), 1e-9);
    }

    [Theory, MemberData(nameof(Names))]
    public void One_thread_and_two_give_the_same(string name)
    {
        var results = new[] { 1, 2 }.Select(threads =>
        {
            using var probe = new Probe(Cells.Make(name), options: TestSession.Options with { Threads = threads });
            var (y, _) = probe.Apply(new Recurrent(probe.Cell));
            return probe.Session.Run([y, .. Gradients.Of(Probe.Contract(y), probe.Graph.Variables).Select(g => g!.Dense())]).SelectMany(t => t.ToArray<double>()).ToArray();
        }).ToArray();
        Assert.Equal(results[0], results[1]);
    }

    private static readonly int[] LengthOf = [5, 2, 4];

    private static Value Lengths(Graph graph) => graph.Constant(Tensor.From(LengthOf.Select(l => (long)l).ToArray()));

    private static void Copy(Probe from, Probe to, int n)
    {
        RowsOf(from.Elements(from.X), n, Probe.Steps * Probe.Features, LengthOf[n] * Probe.Features).CopyTo(to.Session.Storage(to.X).Span<double>());
        for (var s = 0; s < from.First.Count; s++)
        {
            var target = to.Session.Storage(to.First[s]).Span<double>();
            RowsOf(from.Elements(from.First[s]), n, target.Length, target.Length).CopyTo(target);
        }
        foreach (var (a, b) in from.Graph.Variables.Zip(to.Graph.Variables).Skip(1 + from.First.Count)) to.Session.Set(b, from.Session.Storage(a));
    }

    private static double[] RowsOf(double[] all, int n, int row, int count) => all[(n * row)..(n * row + count)];

    private static double[][] Inputs(Probe probe, int n, int steps) =>
        [.. RowsOf(probe.Elements(probe.X), n, Probe.Steps * Probe.Features, steps * Probe.Features).Chunk(Probe.Features)];

    private static (double[] Outputs, double[][] Last) Naive(Probe probe, bool reverse)
    {
        var cells = new NaiveCells(w => probe.Elements(probe.Weight(w)), Probe.Features);
        var sequences = Enumerable.Range(0, Probe.Batch).Select(n => Sequence(cells, probe.Cell, Inputs(probe, n, Probe.Steps),
            [.. probe.First.Select((f, s) => RowsOf(probe.Elements(f), n, probe.Cell.StateFeatures[s], probe.Cell.StateFeatures[s]))], reverse)).ToList();
        return ([.. sequences.SelectMany(s => s.Outputs).SelectMany(o => o)],
            [.. probe.First.Select((_, i) => sequences.SelectMany(s => s.Last[i]).ToArray())]);
    }

    private static (double[][] Outputs, double[][] Last) Sequence(NaiveCells cells, RecurrentCell cell, double[][] x, double[][] states, bool reverse)
    {
        var outputs = new double[x.Length][];
        for (var i = 0; i < x.Length; i++)
        {
            var t = reverse ? x.Length - 1 - i : i;
            states = cells.Step(cell, states, x[t]);
            outputs[t] = states[0];
        }
        return (outputs, states);
    }

    private static void AssertDifferences(Probe probe, Value loss)
    {
        const double Delta = 1e-5;
        // First states that the loss does not depend on have no gradient.
        (Variable Variable, Gradient? Gradient)[] all = [.. probe.Graph.Variables.Zip(Gradients.Of(loss, probe.Graph.Variables))];
        using var step = probe.Session.Compile([], [loss]);
        foreach (var (variable, gradient) in all.Where(a => a.Gradient is not null))
        {
            var expected = probe.Run(gradient!.Dense());
            var elements = probe.Session.Storage(variable).Span<double>();
            for (var i = 0; i < elements.Length; i++)
            {
                var at = elements[i];
                elements[i] = at + Delta;
                var above = step.Run()[0].Item<double>();
                elements[i] = at - Delta;
                var below = step.Run()[0].Item<double>();
                elements[i] = at;
                Assert.True(Math.Abs((above - below) / (2 * Delta) - expected[i]) < 1e-7, $"{variable.Name}[{i}]: {expected[i]}, but differences say {(above - below) / (2 * Delta)}");
            }
        }
        Assert.True(all.Count(a => a.Gradient is not null) >= 4);
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance) =>
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= tolerance);
}
