using System.Reflection;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Optimizers;

/// <summary>What holds for every optimiser. A new one is in this list when it is a method of <see cref="Training.Optimizers"/>.</summary>
public class OptimizerCatalogueTests
{
    private const int Rows = 6, Columns = 3, Steps = 20;

    public static TheoryData<string> Names => [.. Methods.Keys];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, NaiveOptimizers.All.Count)];

    private static Dictionary<string, MethodInfo> Methods { get; } =
        typeof(Training.Optimizers).GetMethods(BindingFlags.Public | BindingFlags.Static).ToDictionary(m => Hyphenated(m.Name));

    [Fact]
    public void Every_optimiser_is_compared_with_plain_loops() =>
        Assert.Equal(Methods.Keys.Order(StringComparer.Ordinal), NaiveOptimizers.All.Select(c => c.Name).Distinct().Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Cases))]
    public void Dense_updates_are_those_of_plain_loops(int index)
    {
        var (optimizer, naive) = (NaiveOptimizers.All[index].Optimizer, NaiveOptimizers.All[index].Naive);
        using var run = new OptimizerRun(optimizer, DType.Float64, [Rows, Columns], sparse: false);
        var (w, state) = (run.Weights<double>(), new Dictionary<string, double[]>());
        for (var t = 1; t <= Steps; t++)
        {
            var g = OptimizerRun.Draw(Rows * Columns, (uint)t);
            run.Step(Tensor.From(g, [Rows, Columns]));
            naive(w, g, (name, initial) => State(state, name, initial), t);
            AssertClose(w, run.Weights<double>(), $"{NaiveOptimizers.All[index].Name}, update {t}");
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Sparse_updates_are_those_of_plain_loops_over_the_touched_rows(int index)
    {
        var (optimizer, naive) = (NaiveOptimizers.All[index].Optimizer, NaiveOptimizers.All[index].Naive);
        using var run = new OptimizerRun(optimizer, DType.Float64, [Rows, Columns], sparse: true);
        var (w, state) = (run.Weights<double>(), new Dictionary<string, double[]>());
        for (var t = 1; t <= Steps; t++)
        {
            // Of six rows, some are named twice and one or more not at all.
            var numbers = OptimizerRun.Draw(5, (uint)(1000 + t)).Select(x => (long)Math.Abs(Math.Floor(x * 100)) % (Rows - 1)).ToArray();
            var rows = OptimizerRun.Draw(numbers.Length * Columns, (uint)t);
            run.Step(Tensor.From(rows, [numbers.Length, Columns]), Tensor.From(numbers));
            long[] touched = [.. numbers.Distinct()];
            var g = new double[touched.Length * Columns];
            for (var i = 0; i < rows.Length; i++) g[Array.IndexOf(touched, numbers[i / Columns]) * Columns + i % Columns] += rows[i];
            var (some, parts) = (Take(w, touched), new Dictionary<string, double[]>());
            naive(some, g, (name, initial) => parts[name] = Take(State(state, name, initial), touched), t);
            Put(w, touched, some);
            foreach (var (name, part) in parts) Put(state[name], touched, part);
            AssertClose(w, run.Weights<double>(), $"{NaiveOptimizers.All[index].Name}, update {t}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_that_are_not_named_keep_their_bits_in_weights_and_state(string name)
    {
        using var run = new OptimizerRun(Make(name).Then(new AverageWeights()), DType.Float32, [Rows, Columns], sparse: true);
        foreach (var _ in Enumerable.Range(0, 3)) run.Step(Tensor.From(new float[Rows * Columns].Select(_ => 0.5f).ToArray(), [Rows, Columns]), Tensor.From([0L, 1, 2, 3, 4, 5]));
        var before = run.Tables().Select(t => t.Clone()).ToList();
        run.Step(Tensor.From([1f, 2, 3, 4, 5, 6, 7, 8, 9], [3, Columns]), Tensor.From([4L, 1, 4]));
        var after = run.Tables().ToList();
        for (var i = 0; i < after.Count; i++)
        {
            var (old, now) = (before[i].ToArray<float>(), after[i].ToArray<float>());
            foreach (var row in new[] { 0, 2, 3, 5 }) Assert.Equal(old[(row * Columns)..((row + 1) * Columns)], now[(row * Columns)..((row + 1) * Columns)]);
        }
        Assert.NotEqual(before[0].ToArray<float>(), after[0].ToArray<float>());
    }

    [Theory, MemberData(nameof(Names))]
    public void A_few_rows_of_a_large_table_need_no_memory_of_its_size(string name)
    {
        const int many = 100_000;
        using var run = new OptimizerRun(Make(name).After(new ClipByGlobalNorm(1)).Then(new AverageWeights()), DType.Float32, [many, Columns], sparse: true);
        run.Step(Tensor.From(new float[2 * Columns], [2, Columns]), Tensor.From([7L, 99_999]));
        Assert.True(run.ArenaBytes < many * Columns * sizeof(float) / 4, $"{run.ArenaBytes} bytes");
        Assert.DoesNotContain(run.Operations, o => o.Contains($"[{many}", StringComparison.Ordinal) && !o.StartsWith("PutRows", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_floating_point_type_can_be_trained(string name)
    {
        foreach (var type in new[] { DType.Float64, DType.Float32, DType.BFloat16, DType.Float16 })
            foreach (var sparse in new[] { false, true })
            {
                using var run = new OptimizerRun(Make(name), type, [Rows, Columns], sparse);
                var before = run.WeightsAsDoubles();
                // No gradient at all, and rows without one, are as good as any.
                run.Step(OptimizerRun.Cast(Tensor.From(new double[Rows * Columns], [Rows, Columns]), type), sparse ? Tensor.From([1L, 0, 1, 3, 3, 3]) : null);
                run.Step(OptimizerRun.Cast(Tensor.From(OptimizerRun.Draw(Rows * Columns, 1), [Rows, Columns]), type), sparse ? Tensor.From([1L, 0, 1, 3, 3, 3]) : null);
                var after = run.WeightsAsDoubles();
                Assert.All(after, x => Assert.True(double.IsFinite(x)));
                Assert.NotEqual(before, after);
            }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_defaults_go_down_a_bowl(string name)
    {
        using var run = new OptimizerRun(Make(name), DType.Float32, [Rows, Columns], sparse: false);
        double[] target = [.. OptimizerRun.Draw(Rows * Columns, 99).Select(x => 5 + x)];
        double Distance() => run.Weights<float>().Zip(target, (w, t) => (w - t) * (w - t)).Sum();
        var first = Distance();
        var last = first;
        for (var round = 0; round < 4; round++)
        {
            for (var t = 0; t < 25; t++) run.Step(Tensor.From([.. run.Weights<float>().Zip(target, (w, x) => (float)(w - x))], [Rows, Columns]));
            Assert.True(Distance() < last || last < 1e-3 * first, $"{name}: from {last} to {Distance()} in round {round}");
            last = Distance();
        }
    }

    private static Optimizer Make(string name) => (Optimizer)Methods[name].Invoke(null, [.. Methods[name].GetParameters().Select(p => p.DefaultValue)])!;

    private static string Hyphenated(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 && i < name.Length - 1 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static double[] State(Dictionary<string, double[]> state, string name, double initial)
    {
        if (state.TryGetValue(name, out var known)) return known;
        var made = state[name] = new double[Rows * Columns];
        made.AsSpan().Fill(initial);
        return made;
    }

    private static double[] Take(double[] table, long[] rows) => [.. rows.SelectMany(r => table[(int)(r * Columns)..(int)((r + 1) * Columns)])];

    private static void Put(double[] table, long[] rows, double[] values)
    {
        for (var i = 0; i < values.Length; i++) table[rows[i / Columns] * Columns + i % Columns] = values[i];
    }

    private static void AssertClose(double[] expected, double[] actual, string what)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-11 * (1 + Math.Abs(expected[i])), $"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R}");
    }
}
