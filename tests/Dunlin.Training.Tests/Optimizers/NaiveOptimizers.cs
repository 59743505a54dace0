namespace Dunlin.Training.Tests.Optimizers;

/// <summary>An update by plain loops over elements.</summary>
/// <param name="w">The weights, changed in place.</param>
/// <param name="g">The gradient, which may be changed.</param>
/// <param name="state">Gives the state of a name, all of a given number at first, to be changed in place.</param>
/// <param name="t">The number of the update, from 1.</param>
internal delegate void NaiveUpdate(double[] w, double[] g, Func<string, double, double[]> state, int t);

/// <summary>An optimiser beside the same by plain loops.</summary>
internal sealed record OptimizerCase(string Name, Optimizer Optimizer, NaiveUpdate Naive);

/// <summary>The optimisers by plain loops, written from the papers' formulas and not from the links.</summary>
internal static class NaiveOptimizers
{
    public static IReadOnlyList<OptimizerCase> All { get; } =
    [
        new("sgd", Training.Optimizers.Sgd(0.1, weightDecay: 0.3), (w, g, _, _) => Each(w, i => w[i] -= 0.1 * (g[i] + 0.3 * w[i]))),
        new("momentum", Training.Optimizers.Momentum(0.1, 0.8), (w, g, s, _) => Momentum(w, g, s("a", 0), 0.1, 0.8, nesterov: false)),
        new("nesterov", Training.Optimizers.Nesterov(0.1, 0.8), (w, g, s, _) => Momentum(w, g, s("a", 0), 0.1, 0.8, nesterov: true)),
        new("adagrad", Training.Optimizers.Adagrad(0.1, 0.2), (w, g, s, _) => Adagrad(w, g, s("s", 0.2), 0.1, 0)),
        new("adagrad", Training.Optimizers.Adagrad(0.1, 0, 1e-3), (w, g, s, _) => Adagrad(w, g, s("s", 0), 0.1, 1e-3)),
        new("adagrad-da", Training.Optimizers.AdagradDa(0.3, 0.1, 0.2, 0.4), (w, g, s, t) => DualAveraging(w, g, s("G", 0), s("S", 0), t)),
        new("adadelta", Training.Optimizers.Adadelta(0.7, 0.9, 1e-3), (w, g, s, _) => Adadelta(w, g, s("s", 0), s("d", 0))),
        new("rmsprop", Training.Optimizers.Rmsprop(0.01, 0.8, epsilon: 1e-3), (w, g, s, _) => Rmsprop(w, g, s("s", 0), null, s("m", 0), 0)),
        new("rmsprop", Training.Optimizers.Rmsprop(0.01, 0.8, 0.7, 1e-3, centered: true, initial: 1), (w, g, s, _) => Rmsprop(w, g, s("s", 1), s("c", 0), s("m", 0), 0.7)),
        new("rmsprop-warmup", Training.Optimizers.RmspropWarmup(0.1, 0.8, 0.05, 10, 8, false, 0.95, 1e-3), (w, g, s, t) => RmspropWarmup(w, g, s("m", 0), s("d", 0), t, 1)),
        new("rmsprop-warmup", Training.Optimizers.RmspropWarmup(0.1, 0.8, 0.05, 10, 8, true, 0.95, 1e-3), (w, g, s, t) => RmspropWarmup(w, g, s("m", 0), s("d", 0), t, 2)),
        new("adam", Training.Optimizers.Adam(0.01, 0.8, 0.95, 1e-3), (w, g, s, t) => Adam(w, g, s, t, 0, null)),
        new("adamw", Training.Optimizers.AdamW(0.01, 0.8, 0.95, 1e-3, 0.2), (w, g, s, t) => Adam(w, g, s, t, 0.2, null)),
        new("amsgrad", Training.Optimizers.Amsgrad(0.01, 0.8, 0.95, 1e-3), (w, g, s, t) => Adam(w, g, s, t, 0, s("x", 0))),
        new("adamax", Training.Optimizers.Adamax(0.01, 0.8, 0.95, 1e-3), (w, g, s, t) => Adamax(w, g, s("m", 0), s("u", 0), t)),
        new("nadam", Training.Optimizers.Nadam(0.01, 0.8, 0.95, 1e-3, 0.01), (w, g, s, t) => Nadam(w, g, s("m", 0), s("v", 0), t)),
        new("radam", Training.Optimizers.Radam(0.01, 0.8, 0.95, 1e-3), (w, g, s, t) => Radam(w, g, s("m", 0), s("v", 0), t)),
        new("lion", Training.Optimizers.Lion(0.01, 0.8, 0.95, 0.1), (w, g, s, _) => Lion(w, g, s("m", 0))),
        new("ftrl", Training.Optimizers.Ftrl(0.1), (w, g, s, _) => Ftrl(w, g, s("n", 0.1), s("z", 0), 0.1, 0, 0, 0)),
        new("ftrl", Training.Optimizers.Ftrl(0.1, 0.3, 0.2, 0.05, 0.4), (w, g, s, _) => Ftrl(w, g, s("n", 0.4), s("z", 0), 0.1, 0.3, 0.2, 0.05)),
        new("proximal-sgd", Training.Optimizers.ProximalSgd(0.1, 0.4, 0.3), (w, g, _, _) => Each(w, i => w[i] = Prox(w[i], g[i], 0.1, 0.4, 0.3))),
        new("proximal-adagrad", Training.Optimizers.ProximalAdagrad(0.1, 0.4, 0.3, 0.2), (w, g, s, _) => ProximalAdagrad(w, g, s("s", 0.2))),
        new("lars", Training.Optimizers.Lars(0.5, 0.8, 0.02, 0.1, 1e-3), (w, g, s, _) => Lars(w, g, s("v", 0))),
        new("lamb", Training.Optimizers.Lamb(0.01, 0.8, 0.95, 1e-3, 0.1), (w, g, s, t) => Lamb(w, g, s("m", 0), s("v", 0), t)),
    ];

    private static void Each(double[] w, Action<int> body)
    {
        for (var i = 0; i < w.Length; i++) body(i);
    }

    private static void Momentum(double[] w, double[] g, double[] a, double rate, double mu, bool nesterov) => Each(w, i =>
    {
        a[i] = mu * a[i] + g[i];
        w[i] -= rate * (nesterov ? g[i] + mu * a[i] : a[i]);
    });

    private static void Adagrad(double[] w, double[] g, double[] s, double rate, double epsilon) => Each(w, i =>
    {
        s[i] += g[i] * g[i];
        w[i] -= rate * g[i] / (Math.Sqrt(s[i]) + epsilon);
    });

    private static void DualAveraging(double[] w, double[] g, double[] sum, double[] squares, int t) => Each(w, i =>
    {
        (sum[i], squares[i]) = (sum[i] + g[i], squares[i] + g[i] * g[i]);
        w[i] = -0.3 * Math.Sign(sum[i]) * Math.Max(Math.Abs(sum[i]) - 0.1 * t, 0) / (0.2 * t * 0.3 + Math.Sqrt(0.4 + squares[i]));
    });

    private static void Adadelta(double[] w, double[] g, double[] s, double[] d) => Each(w, i =>
    {
        s[i] = 0.9 * s[i] + 0.1 * g[i] * g[i];
        var u = Math.Sqrt(d[i] + 1e-3) / Math.Sqrt(s[i] + 1e-3) * g[i];
        w[i] -= 0.7 * u;
        d[i] = 0.9 * d[i] + 0.1 * u * u;
    });

    private static void Rmsprop(double[] w, double[] g, double[] s, double[]? c, double[] m, double mu) => Each(w, i =>
    {
        s[i] += 0.2 * (g[i] * g[i] - s[i]);
        if (c is not null) c[i] += 0.2 * (g[i] - c[i]);
        m[i] = mu * m[i] + 0.01 * g[i] / Math.Sqrt(s[i] - (c?[i] * c?[i] ?? 0) + 1e-3);
        w[i] -= m[i];
    });

    private static void RmspropWarmup(double[] w, double[] g, double[] m, double[] d, int t, double slope)
    {
        var e = t - 1;
        var sgd = e < 10 ? 0.5 * Math.Exp(2 * (e - 10) / 8.0) : e < 14 ? 0.5 + slope * (e - 10) / 8.0 : 1;
        Each(w, i =>
        {
            m[i] = 0.95 * m[i] + 0.05 * g[i] * g[i];
            d[i] = 0.8 * d[i] - (sgd + (1 - sgd) * 0.05 / 0.1 / (Math.Sqrt(m[i]) + 1e-3)) * g[i];
            w[i] += 0.1 * d[i];
        });
    }

    private static void Moments(double[] g, double[] m, double[] v) => Each(g, i => (m[i], v[i]) = (0.8 * m[i] + 0.2 * g[i], 0.95 * v[i] + 0.05 * g[i] * g[i]));

    private static void Adam(double[] w, double[] g, Func<string, double, double[]> state, int t, double decay, double[]? largest)
    {
        var (m, v) = (state("m", 0), state("v", 0));
        Moments(g, m, v);
        if (largest is not null) Each(w, i => largest[i] = Math.Max(largest[i], v[i]));
        var factor = Math.Sqrt(1 - Math.Pow(0.95, t)) / (1 - Math.Pow(0.8, t));
        Each(w, i => w[i] -= 0.01 * (factor * m[i] / (Math.Sqrt((largest ?? v)[i]) + 1e-3) + decay * w[i]));
    }

    private static void Adamax(double[] w, double[] g, double[] m, double[] u, int t) => Each(w, i =>
    {
        m[i] = 0.8 * m[i] + 0.2 * g[i];
        u[i] = Math.Max(0.95 * u[i], Math.Abs(g[i]));
        w[i] -= 0.01 / (1 - Math.Pow(0.8, t)) * m[i] / (u[i] + 1e-3);
    });

    private static void Nadam(double[] w, double[] g, double[] m, double[] v, int t)
    {
        Moments(g, m, v);
        double Mu(int k) => 0.8 * (1 - 0.5 * Math.Pow(0.96, k * 0.01));
        var product = Enumerable.Range(1, t).Aggregate(1.0, (p, k) => p * Mu(k));
        Each(w, i => w[i] -= 0.01 * (Mu(t + 1) * m[i] / (1 - product * Mu(t + 1)) + (1 - Mu(t)) * g[i] / (1 - product)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, t))) + 1e-3));
    }

    private static void Radam(double[] w, double[] g, double[] m, double[] v, int t)
    {
        Moments(g, m, v);
        var (power, most) = (Math.Pow(0.95, t), 2 / 0.05 - 1);
        var rho = most - 2 * t * power / (1 - power);
        Each(w, i => w[i] -= 0.01 * m[i] / (1 - Math.Pow(0.8, t)) * (rho <= 5 ? 1
            : Math.Sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) * Math.Sqrt(1 - power) / (Math.Sqrt(v[i]) + 1e-3)));
    }

    private static void Lion(double[] w, double[] g, double[] m) => Each(w, i =>
    {
        w[i] -= 0.01 * (Math.Sign(0.8 * m[i] + 0.2 * g[i]) + 0.1 * w[i]);
        m[i] = 0.95 * m[i] + 0.05 * g[i];
    });

    private static void Ftrl(double[] w, double[] g, double[] n, double[] z, double rate, double l1, double l2, double shrinkage) => Each(w, i =>
    {
        var next = n[i] + g[i] * g[i];
        z[i] += g[i] + 2 * shrinkage * w[i] - (Math.Sqrt(next) - Math.Sqrt(n[i])) / rate * w[i];
        n[i] = next;
        w[i] = Math.Abs(z[i]) <= l1 ? 0 : -(z[i] - Math.Sign(z[i]) * l1) / (Math.Sqrt(next) / rate + 2 * l2);
    });

    private static double Prox(double w, double g, double rate, double l1, double l2)
    {
        var v = w - rate * g;
        return Math.Sign(v) * Math.Max(Math.Abs(v) - rate * l1, 0) / (1 + rate * l2);
    }

    private static void ProximalAdagrad(double[] w, double[] g, double[] s) => Each(w, i =>
    {
        s[i] += g[i] * g[i];
        w[i] = Prox(w[i], g[i], 0.1 / Math.Sqrt(s[i]), 0.4, 0.3);
    });

    private static void Lars(double[] w, double[] g, double[] v)
    {
        var (ofW, ofG) = (Norm(w), Norm(g));
        var ratio = ofW == 0 || ofG == 0 ? 1 : 0.02 * ofW / (ofG + 0.1 * ofW + 1e-3);
        Each(w, i =>
        {
            v[i] = 0.8 * v[i] + 0.5 * ratio * (g[i] + 0.1 * w[i]);
            w[i] -= v[i];
        });
    }

    private static void Lamb(double[] w, double[] g, double[] m, double[] v, int t)
    {
        Moments(g, m, v);
        double[] u = [.. w.Select((x, i) => m[i] / (1 - Math.Pow(0.8, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, t))) + 1e-3) + 0.1 * x)];
        var ratio = Norm(w) == 0 || Norm(u) == 0 ? 1 : Norm(w) / Norm(u);
        Each(w, i => w[i] -= 0.01 * ratio * u[i]);
    }

    private static double Norm(double[] x) => Math.Sqrt(x.Sum(e => e * e));
}
