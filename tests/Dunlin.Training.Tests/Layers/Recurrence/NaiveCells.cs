using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers.Recurrence;

/// <summary>The cells' equations for one sequence, one step, one number at a time.</summary>
internal sealed class NaiveCells(Func<string, double[]> weights, int features)
{
    /// <summary>The states after a step.</summary>
    public double[][] Step(RecurrentCell cell, double[][] states, double[] x) => cell switch
    {
        ElmanCell => [Range(cell, j => Math.Tanh(Fed(j, x) + Own(j, states[0])))],
        LstmCell lstm => Lstm(lstm, states[0], states[1], x),
        GruCell gru => [Gru(gru, states[0], x)],
        _ => throw new ArgumentException($"{cell.Kind} is new; write down its equations here.", nameof(cell)),
    };

    private double[][] Lstm(LstmCell cell, double[] h, double[] c, double[] x)
    {
        var k = cell.Units;
        double Sum(int gate, int j) => Fed(gate * k + j, x) + Own(gate * k + j, h);
        double Peep(int gate, int j, double value) => cell.Peepholes ? weights("peepholes")[gate * k + j] * value : 0;
        var next = Range(cell, j => Sigmoid(Sum(1, j) + Peep(1, j, c[j])) * c[j] + Sigmoid(Sum(0, j) + Peep(0, j, c[j])) * Math.Tanh(Sum(2, j)));
        if (cell.CellClip is { } bound) next = [.. next.Select(v => Math.Clamp(v, -bound, bound))];
        var output = Range(cell, j => Sigmoid(Sum(3, j) + Peep(2, j, next[j])) * Math.Tanh(next[j]));
        if (cell.Projection is { } features) output = [.. Enumerable.Range(0, features).Select(r => output.Select((v, j) => weights("projection")[r * k + j] * v).Sum())];
        return [output, next];
    }

    private double[] Gru(GruCell cell, double[] h, double[] x)
    {
        var k = cell.Units;
        var r = Range(cell, j => Sigmoid(Fed(j, x) + Own(j, h)));
        var z = Range(cell, j => Sigmoid(Fed(k + j, x) + Own(k + j, h)));
        var reset = Range(cell, j => r[j] * h[j]);
        var n = Range(cell, j => Math.Tanh(Fed(2 * k + j, x)
            + (cell.ResetAfter ? r[j] * (Own(2 * k + j, h) + weights("state_bias")[j]) : Own(2 * k + j, reset))));
        return Range(cell, j => (1 - z[j]) * n[j] + z[j] * h[j]);
    }

    private double Fed(int row, double[] x) => weights("bias")[row] + Dot("input_weight", row, x, features);

    private double Own(int row, double[] h) => Dot("state_weight", row, h, h.Length);

    private double Dot(string name, int row, double[] v, int columns) => Enumerable.Range(0, columns).Sum(i => weights(name)[row * columns + i] * v[i]);

    private static double[] Range(RecurrentCell cell, Func<int, double> element) => [.. Enumerable.Range(0, cell.Units).Select(element)];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
