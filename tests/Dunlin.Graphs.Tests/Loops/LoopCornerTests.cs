using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Loops;

/// <summary>Loops at the edges of what they may be.</summary>
public class LoopCornerTests
{
    private static readonly GradientCheck.Options _twice = new() { SecondOrder = true };

    [Fact]
    public void A_reversed_scan_that_ends_early_is_differentiated_where_it_was()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown]);
        var w = graph.Placeholder("w", DType.Float64, []);
        var (_, outputs) = ControlFlow.ScanWhile([x], [graph.Constant(0, DType.Float64)], s => s[0] < graph.Constant(7, DType.Float64),
            (s, e) => ([s[0] + e[0]], [e[0].Square() * w]), new() { Reverse = true });
        var gradient = Gradients.Of(outputs[0].Sum(), x)[0]!.Dense();
        var second = Gradients.Of((gradient * x).Sum(), x)[0]!.Dense();
        using var session = new Session(graph);
        var results = session.Run([outputs[0], gradient, second], (x, Tensor.From([1.0, 2, 3, 4, 5])), (w, Tensor.Scalar(1.0)));
        Assert.Equal([16.0, 25], results[0].ToArray<double>());
        Assert.Equal([0.0, 0, 0, 8, 10], results[1].ToArray<double>());
        Assert.Equal([0.0, 0, 0, 16, 20], results[2].ToArray<double>());
    }

    [Fact]
    public void The_states_of_a_scan_may_change_their_shapes()
    {
        GradientCheck.Assert((_, x) => ControlFlow.Scan([x[0]], [x[1]], (s, e) => ([Operations.Concat([s[0] * e[0].Sum(), e[0].Sin()], 0)], [s[0].Sum() * e[0]]),
            new() { Shapes = [[Shape.Unknown]] }) is var (last, outputs) ? outputs[0].Sum([0]).Sin().Sum() + last[0].Square().Sum() : null!, _twice, Signed(3, 2), Signed(2));
    }

    [Fact]
    public void Shapes_within_a_body_may_depend_on_elements()
    {
        static Value Positive(Value x) => x.GatherNd(x.Relu().NonZero()).Square().Sum();
        GradientCheck.Assert((_, x) => ControlFlow.Map(x[0], Positive).Sin().Sum(), _twice, Signed(4, 3));
        GradientCheck.Assert((_, x) => ControlFlow.Map(x[0], r => ControlFlow.Map(r, Positive)).Sin().Sum(), _twice, Signed(2, 2, 3));
        GradientCheck.Assert((g, x) => ControlFlow.Repeat(g.Constant(2, DType.Int64), [x[0]], (_, s) => [s[0] * Positive(s[0])])[0], _twice, Signed(3));
    }

    [Fact]
    public void A_state_that_follows_one_of_changing_shape_changes_too()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [2]);
        var last = ControlFlow.Repeat(graph.Constant(3, DType.Int64), [x, x, x], (_, s) => [Operations.Concat([s[0], s[0]], 0), s[0], s[1] * 2],
            new() { Shapes = [[Shape.Unknown], [Shape.Unknown], [Shape.Unknown]] });
        var sum = last[2] + graph.Placeholder("y", DType.Float64, [4]);
        var gradient = Gradients.Of(sum.Square().Sum(), x)[0]!.Dense();
        using var session = new Session(graph);
        var results = session.Run([last[1], sum, gradient], (x, Tensor.From([1.0, 2])), (sum.Node.Inputs[1], Tensor.From([0.0, 0, 0, 0])));
        Assert.Equal([1.0, 2, 1, 2, 1, 2, 1, 2], results[0].ToArray<double>());
        Assert.Equal([2.0, 4, 2, 4], results[1].ToArray<double>());
        Assert.Equal([16.0, 32], results[2].ToArray<double>());
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 0)]
    [InlineData(3, 2)]
    [InlineData(3, 0)]
    public void Lengths_need_not_be_known_while_a_graph_is_built(int length, int batch)
    {
        var graph = new Graph();
        var xs = graph.Placeholder("xs", DType.Float64, [Shape.Unknown, Shape.Unknown, 3]);
        var s = graph.Placeholder("s", DType.Float64, [Shape.Unknown, 3]);
        var w = graph.Placeholder("w", DType.Float64, [3, 3]);
        var (states, outputs) = ControlFlow.Scan([xs], [s], (t, e) => ([(t[0].MatMul(w) + e[0]).Tanh()], [t[0] * e[0]]));
        var repeated = ControlFlow.Repeat(xs.ShapeOf().StridedSlice(0..1).Squeeze(0), states, (_, t) => [t[0].MatMul(w)])[0];
        var loss = outputs[0].Sum() + repeated.Sum();
        var gradients = Gradients.Of(loss, xs, s, w).Select(g => g!.Dense()).ToList();
        var second = Gradients.Of(gradients[2].Square().Sum() + gradients[0].Sum(), xs, s, w).Select(g => g!.Dense());
        using var session = new Session(graph);
        var results = session.Run([outputs[0], .. gradients, .. second], (xs, Signed(length, batch, 3)), (s, Signed(batch, 3)), (w, Signed(3, 3)));
        Assert.Equal([Shape.Of(length, batch, 3), Shape.Of(length, batch, 3), Shape.Of(batch, 3), Shape.Of(3, 3), Shape.Of(length, batch, 3), Shape.Of(batch, 3), Shape.Of(3, 3)],
            results.Select(r => r.Shape));
        if (length == 0) Assert.All(results[3].ToArray<double>(), e => Assert.Equal(0, e));
        if (length == 0) Assert.All(results[2].ToArray<double>(), e => Assert.Equal(1, e));
    }

    [Fact]
    public void A_scan_over_nothing_may_have_states_of_changing_shape()
    {
        var graph = new Graph();
        var xs = graph.Placeholder("xs", DType.Float64, [Shape.Unknown, Shape.Unknown, 3]);
        var (states, outputs) = ControlFlow.Scan([xs], [xs.Sum([0])], (t, e) => ([Operations.Concat([t[0], e[0]], 0)], [e[0] * t[0].Sum()]), new() { Shapes = [[Shape.Unknown, 3]] });
        var gradient = Gradients.Of(outputs[0].Sum() + states[0].Sum(), xs)[0]!.Dense();
        using var session = new Session(graph);
        foreach (var length in new[] { 0, 2 })
            Assert.Equal([Shape.Of(2 + 2 * length, 3), Shape.Of(length, 2, 3)], session.Run([states[0], gradient], (xs, Signed(length, 2, 3))).Select(r => r.Shape));
    }

    [Fact]
    public void A_body_sees_a_variable_as_it_was_before_the_step()
    {
        var graph = new Graph();
        var v = graph.Variable("v", DType.Float64, [2], new Ones());
        var xs = graph.Placeholder("xs", DType.Float64, [3, 2]);
        var sum = ControlFlow.Fold(xs, v.Value, (s, e) => s * v.Value + e);
        var assigned = v.Assign(v.Value - Gradients.Of(sum.Sum(), v.Value)[0]!.Dense() * 0.1);
        var after = v.Assign(v.Value * 2);
        using var session = new Session(graph);
        // d/dv of v⁴ + v²x₀ + v·x₁ + x₂.
        var results = session.Run([sum, assigned], (xs, Tensor.From([1.0, 1, 2, 2, 3, 3], [3, 2])));
        Assert.Equal([7.0, 7], results[0].ToArray<double>());
        Assert.Equal(1 - 0.1 * (4 + 2 + 2), results[1].ToArray<double>()[0], 1e-12);
        Assert.NotNull(after);
    }

    [Fact]
    public void Loops_take_numbers_of_sixteen_bits_and_integers()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.BFloat16, [2]);
        var n = graph.Placeholder("n", DType.Int32, [2]);
        var last = ControlFlow.Repeat(graph.Constant(3, DType.Int64), [x, n], (i, s) => [s[0] + s[0], s[1] * s[1] + i.Cast(DType.Int32)]);
        var gradient = Gradients.Of(last[0].Cast(DType.Float32).Sum(), x)[0]!.Dense();
        var stacked = ControlFlow.Map(x, e => e * x.Sum());
        using var session = new Session(graph);
        var fed = session.Run(graph.Constant(Tensor.From([1f, 2])).Cast(DType.BFloat16));
        var results = session.Run([last[0].Cast(DType.Float32), last[1], gradient.Cast(DType.Float32), stacked.Cast(DType.Float32)], (x, fed), (n, Tensor.From([1, 2])));
        Assert.Equal([8f, 16], results[0].ToArray<float>());
        Assert.Equal([6, 291], results[1].ToArray<int>());
        Assert.Equal([8f, 8], results[2].ToArray<float>());
        Assert.Equal([3f, 6], results[3].ToArray<float>());
    }

    [Fact]
    public void A_body_may_differentiate()
    {
        // Three steps of gradient descent on (w − a)², differentiated by a and by where it begins: w ← w − 0.2·(w − a).
        GradientCheck.Assert((g, x) => ControlFlow.Repeat(g.Constant(3, DType.Int64), [x[0]], (_, s) => [s[0] - 0.1 * Gradients.Of(((s[0] - x[1]).Square() * s[0]).Sum(), s[0])[0]!.Dense()])[0],
            _twice, Signed(2), Signed(2));
        GradientCheck.Assert((_, x) => ControlFlow.Fold(x[0], x[1], (s, e) => s - 0.1 * Gradients.Of(ControlFlow.Fold(x[0], s, (t, f) => (t * f + e).Sin()).Sum(), s)[0]!.Dense()),
            _twice, Signed(3, 2), Signed(2));
        GradientCheck.Assert((g, x) => ControlFlow.Map(x[0], e => Gradients.Of(ControlFlow.Repeat(g.Constant(2, DType.Int64), [e], (_, s) => [(s[0] * x[1]).Sin()])[0].Sum(), x[1])[0]!.Dense()),
            _twice, Signed(3, 2), Signed(2));
    }

    [Fact]
    public void Random_numbers_of_a_body_are_those_of_its_counter()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [4]);
        Value One(Value i, Value s) => (s + Operations.RandomNormal(i, [4], 5, 1, type: DType.Float64)).Dropout(i, 0.5, 7, 2);
        var looped = ControlFlow.Repeat(graph.Constant(5, DType.Int64), [x], (i, s) => [One(i, s[0])])[0];
        var spelled = x;
        for (var i = 0; i < 5; i++) spelled = One(graph.Constant(i, DType.Int64), spelled);
        using var session = new Session(graph);
        var results = session.Run([looped, spelled, Gradients.Of(looped.Sum(), x)[0]!.Dense(), Gradients.Of(spelled.Sum(), x)[0]!.Dense()], (x, Signed(4)));
        Assert.Equal(results[1].ToArray<double>(), results[0].ToArray<double>());
        Assert.Equal(results[3].ToArray<double>(), results[2].ToArray<double>());
    }

    [Fact]
    public void A_number_that_is_not_finite_names_the_loop_it_is_in()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3]);
        var y = ControlFlow.Map(x, e => ControlFlow.If(e > e.Number(5), () => e.Log(), () => e.Log().CheckFinite("a logarithm")), new() { Name = "logarithms" });
        using var session = new Session(graph);
        using var step = session.Compile([x], [y, Gradients.Of(y.Sum(), x)[0]!.Dense()]);
        for (var i = 0; i < 1000; i++)
        {
            var message = Assert.Throws<NonFiniteException>(() => step.Run(Tensor.From([1.0, -1, 2]))).Message;
            if (i == 0) Assert.Contains("logarithms", message, StringComparison.Ordinal);
        }
        Assert.Equal([1.0, 0.5, 0.25], step.Run(Tensor.From([1.0, 2, 4]))[1].ToArray<double>());
        Assert.Throws<InvalidOperationException>(() => StepScope.Keep(this));
    }

    [Fact]
    public void Steps_with_loops_run_on_several_threads_at_once()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [4]);
        var n = graph.Placeholder("n", DType.Int64, []);
        var power = ControlFlow.Repeat(n, [x.OnesLike()], (_, s) => [s[0] * x])[0];
        var grown = ControlFlow.Repeat(n, [x], (_, s) => [Operations.Concat([s[0], s[0]], 0)], new() { Shapes = [[Shape.Unknown]] })[0];
        using var session = new Session(graph, new() { Threads = 1 });
        using var step = session.Compile([x, n], [Gradients.Of(power.Sum(), x)[0]!.Dense(), Gradients.Of(grown.Sum(), x)[0]!.Dense()]);
        Parallel.For(0, 4, new() { MaxDegreeOfParallelism = 4 }, thread =>
        {
            for (var i = 0; i < 40; i++)
            {
                var (b, k) = (1 + 0.1 * (thread + i % 3), (thread + i) % 5);
                var results = step.Run(Tensor.From([b, b, b, b]), Tensor.Scalar((long)k));
                Assert.All(results[0].ToArray<double>(), d => Assert.Equal(k * Math.Pow(b, k - 1), d, 1e-9));
                Assert.All(results[1].ToArray<double>(), d => Assert.Equal(1 << k, d));
            }
        });
    }

    [Fact]
    public void Loops_of_many_iterations_are_differentiated_in_linear_time()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, []);
        var n = graph.Placeholder("n", DType.Int64, []);
        var sum = ControlFlow.While([n.Number(0), x.ZerosLike()], s => s[0] < n, s => [s[0] + 1, s[1] * 0.5 + x.Square()])[1];
        using var session = new Session(graph);
        using var step = session.Compile([x, n], [Gradients.Of(sum, x)[0]!.Dense()]);
        Assert.Equal(12, step.Run(Tensor.Scalar(3.0), Tensor.Scalar(100_000L))[0].Item<double>(), 1e-9);
    }

    [Fact]
    public void A_backward_scan_keeps_only_what_it_reads_and_allocates_nothing()
    {
        (long Arena, long Allocated) Measure(int length)
        {
            var graph = new Graph();
            var xs = graph.Placeholder("xs", DType.Float32, [length, 64]);
            var w = graph.Placeholder("w", DType.Float32, [64]);
            // Of an iteration only tanh's result is read again, the state before which is the one before's.
            var last = ControlFlow.Fold(xs, w, (s, e) => (s * w + e).Tanh());
            using var session = new Session(graph, new() { Threads = 1 });
            using var step = session.Compile([xs, w], [Gradients.Of(last.Sum(), w)[0]!.Dense()]);
            Tensor[] feeds = [Tensor.Zeros(DType.Float32, [length, 64]), Tensor.Zeros(DType.Float32, [64])], results = [Tensor.Zeros(DType.Float32, [64])];
            for (var i = 0; i < 50; i++) step.Run(feeds, results);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 20; i++) step.Run(feeds, results);
            return (step.PlanFor(feeds).ArenaBytes, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        var (once, twice) = (Measure(50), Measure(100));
        Assert.Equal((0L, 0L), (once.Allocated, twice.Allocated));
        Assert.True(twice.Arena - once.Arena <= 50 * 64 * 4 * 3, $"{once.Arena} bytes for 50 iterations, {twice.Arena} for 100");
    }

    [Fact]
    public void What_is_stacked_has_a_shape_though_there_was_no_iteration()
    {
        // Random program 0: all lengths unknown, nothing to go through. A loop within one had a list to stack that was empty, and took what
        // nobody had told it to be 0: Add(Float64[0, 2, 3], Float64[0, 0, 3]).
        var graph = new Graph();
        var xs = graph.Placeholder("xs", DType.Float64, [Shape.Unknown, Shape.Unknown, 3]);
        var s = graph.Placeholder("s", DType.Float64, [Shape.Unknown, 3]);
        var n = graph.Placeholder("n", DType.Int64, []);
        static Value Branch(Value t, Value e) => ControlFlow.If(t.Sum() > 0, () => (t * e).Sin(), () => t + e);
        var (states, outputs) = ControlFlow.Scan([xs], [s], (t, e) =>
            ([ControlFlow.Repeat(n, [t[0]], (_, u) => [Branch(ControlFlow.Scan([xs], [u[0]], (v, f) => ([Branch(v[0], f[0] * e[0])], [v[0]])).Outputs[0].Sum([0]), u[0])])[0]], [t[0] * e[0]]));
        var total = (outputs[0] * xs).Sum() + states[0].Square().Sum();
        var first = Gradients.Of(total, xs, s).Select(g => g!.Dense()).ToList();
        var second = Gradients.Of((first[0] * xs).Sum() + first[1].Square().Sum(), xs, s).Select(g => g!.Dense());
        using var session = new Session(graph);
        foreach (var (length, trips) in new[] { (0, 2L), (2, 0), (2, 2), (0, 0) })
            Assert.Equal([Shape.Of(length, 2, 3), Shape.Of(length, 2, 3), Shape.Of(2, 3), Shape.Of(length, 2, 3), Shape.Of(2, 3)],
                session.Run([outputs[0], .. first, .. second], (xs, Signed(length, 2, 3)), (s, Signed(2, 3)), (n, Tensor.Scalar(trips))).Select(r => r.Shape));
    }

    [Fact]
    public void Branches_in_a_scan_may_differ_in_lengths_that_nobody_knows_beforehand()
    {
        // Both lengths are unknown while the graph is built, which is not to say that they are one: what the backward pass reads of an iteration was
        // stacked to one tensor, and could not be.
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [4]);
        var a = graph.Placeholder("a", DType.Float64, [Shape.Unknown]);
        var b = graph.Placeholder("b", DType.Float64, [Shape.Unknown]);
        Value One(Value e) => ControlFlow.If(e > e.Number(0), () => a * e, () => b.Sin() * e).Exp().Square().Sum();
        var (scanned, spelled) = (ControlFlow.Map(x, One), Operations.Stack([.. Enumerable.Range(0, 4).Select(i => One(x.StridedSlice(i..(i + 1)).Squeeze(0)))]));
        Value[] Of(Value y) => [y, .. Gradients.Of(y.Sin().Sum(), x, a, b).Select(g => g!.Dense())];
        using var session = new Session(graph);
        var results = session.Run([.. Of(scanned), .. Of(spelled)], (x, Tensor.From([0.5, -0.25, -0.5, 1])), (a, Signed(3)), (b, Signed(2)));
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(results[4 + i].Shape, results[i].Shape);
            foreach (var (computed, expected) in results[i].ToArray<double>().Zip(results[4 + i].ToArray<double>())) Assert.Equal(expected, computed, 1e-12);
        }
    }

    [Fact]
    public void A_scan_whose_lengths_are_unknown_but_do_not_change_stacks_tensors()
    {
        // Lists would do, but a plan would have to stop where they are stacked.
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown, Shape.Unknown, 3]);
        var h = graph.Placeholder("h", DType.Float64, [Shape.Unknown, 3]);
        var (states, outputs) = ControlFlow.Scan([x], [h], (s, e) => ([ControlFlow.If(s[0].Sum() > 0, () => (s[0] * e[0]).Sin(), () => s[0] + e[0])], [s[0]]));
        Assert.Equal(Trips.Length, ((Loop)states[0].Node.Operation).Trips);
        Assert.Same(states[0].Node, outputs[0].Node);
    }

    [Fact]
    public void Gradients_of_lists_of_lists_add_up()
    {
        // Loops of unknown length within such loops keep lists of lists, and here each of them is read by two loops. It was an addition of handles.
        static Value Nested(Graph g, Value x, Value y)
        {
            Value Inner(Value s) => ControlFlow.Repeat(g.Constant(2, DType.Int64), [s], (_, t) => [(t[0] * y).Sin()])[0];
            var first = ControlFlow.Repeat(g.Constant(3, DType.Int64), [x], (_, s) => [Inner(s[0]) * s[0]])[0];
            var gradient = Gradients.Of(first.Sum(), x)[0]!.Dense();
            return (gradient * first).Sin();
        }
        GradientCheck.Assert((g, x) => Nested(g, x[0], x[1]), _twice, Signed(2), Signed(2));
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [2, 2, 3]);
        Value Lists(Value of) => of.UnstackList();
        var lists = ControlFlow.Repeat(graph.Constant(2, DType.Int64), [TensorArray.Empty(graph, new(DType.List, []))], (i, s) => [new TensorArray(s[0], new(DType.List, [])).Append(Lists(x.Gather(i)))])[0];
        var sums = new TensorArray(Operations.AddLists(lists, lists), new(DType.List, []));
        var sum = new TensorArray(sums.Read(graph.Constant(1, DType.Int64)), new(DType.Float64, [3])).Stack(2);
        using var session = new Session(graph);
        var fed = Signed(2, 2, 3);
        Assert.Equal(fed.ToArray<double>()[6..].Select(v => 2 * v), session.Run(sum, (x, fed)).ToArray<double>());
    }

    [Fact]
    public void Loops_and_branches_nest_three_deep()
    {
        static Value Deep(Graph g, Value x, Value y) => ControlFlow.Scan([x], [y], (s, e) => ([ControlFlow.While([g.Constant(0, DType.Int64), s[0]], t => t[0] < g.Constant(3, DType.Int64),
            t => [t[0] + 1, ControlFlow.If(t[0] > g.Constant(0, DType.Int64), () => (t[1] * e[0]).Sin(), () => t[1] + y)])[1]], [s[0]])) is var (last, outputs) ? last[0].Sum() + outputs[0].Square().Sum() : null!;
        GradientCheck.Assert((g, x) => Deep(g, x[0], x[1]), _twice, Signed(3, 2), Signed(2));
    }

    private sealed record Ones : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.Span<double>().Fill(1);
    }
}
