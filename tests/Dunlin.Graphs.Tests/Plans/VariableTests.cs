using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans;

/// <summary>Small cases that random graphs once failed on.</summary>
public class VariableTests
{
    private readonly Graph _graph = new();

    private Variable Make(string name) => _graph.Variable(name, DType.Float64, [2], new Ones());

    private Session Start(params (Variable Variable, double First)[] variables)
    {
        var session = new Session(_graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        foreach (var (variable, first) in variables) session.Set(variable, Tensor.From([first, first + 0.5]));
        return session;
    }

    [Fact]
    public void A_fetched_variable_is_the_old_one_and_a_fetched_assignment_the_new_one()
    {
        var v = Make("v");
        using var session = Start((v, 1));
        var assigned = v.Assign(v.Value * 3);
        var results = session.Compile([], [v.Value, assigned, v.Value.Reshape([1, 2]), v.Value.StridedSlice(1..2)]).Run();
        Assert.Equal([1, 1.5], results[0].ToArray<double>());
        Assert.Equal([3, 4.5], results[1].ToArray<double>());
        Assert.Equal([1, 1.5], results[2].ToArray<double>());
        Assert.Equal([1.5], results[3].ToArray<double>());
    }

    [Fact]
    public void Two_variables_can_be_swapped()
    {
        var (a, b) = (Make("a"), Make("b"));
        using var session = Start((a, 1), (b, 5));
        var step = session.Compile([], [], [a.Assign(b.Value), b.Assign(a.Value)]);
        for (var i = 0; i < 3; i++) step.Run();
        Assert.Equal([5, 5.5], session.Storage(a).ToArray<double>());
        Assert.Equal([1, 1.5], session.Storage(b).ToArray<double>());
    }

    [Fact]
    public void Old_and_new_elements_can_meet()
    {
        var v = Make("v");
        using var session = Start((v, 1));
        var step = session.Compile([], [v.Assign(v.Value * 3) - v.Value]);
        Assert.Equal([2, 3], step.Run()[0].ToArray<double>());
        Assert.Equal([6, 9], step.Run()[0].ToArray<double>());
    }

    [Fact]
    public void An_assignment_can_wait_for_what_is_fed_and_for_what_nothing_reads()
    {
        var (v, w, x) = (Make("v"), Make("w"), _graph.Placeholder("x", DType.Float64, [2]));
        using var session = Start((v, 1), (w, 1));
        Value first, second;
        using (_graph.RunAfter(x, x.Sin().Cos())) first = v.Assign(x);
        using (_graph.RunAfter(first)) second = w.Assign(v.Value.Exp().Log());
        session.Compile([x], [], [first, second]).Run(Tensor.From([7.0, 8]));
        Assert.Equal([7.0, 8], session.Storage(v).ToArray<double>());
        Assert.Equal([1, 1.5], session.Storage(w).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void A_view_of_a_check_stands_for_the_check()
    {
        var (v, x) = (Make("v"), _graph.Placeholder("x", DType.Float64, [2]));
        using var session = Start((v, 1));
        var late = x;
        for (var i = 0; i < 3; i++) late = late.Softmax();
        Value assigned;
        using (_graph.RunAfter(late.CheckFinite().Identity())) assigned = v.Assign(v.Value * 2);
        Assert.Throws<NonFiniteException>(() => session.Compile([x], [], [assigned]).Run(Tensor.From([double.NaN, 1])));
        Assert.Equal([1, 1.5], session.Storage(v).ToArray<double>());
    }

    [Fact]
    public void A_bias_that_waits_for_the_product_is_not_added_by_it()
    {
        var (v, x) = (Make("v"), _graph.Placeholder("x", DType.Float64, [2, 2]));
        using var session = Start((v, 1));
        var product = x.MatMul(x);
        Value bias;
        using (_graph.RunAfter(product)) bias = v.Assign(v.Value * 2);
        Assert.Equal([3.0, 3, 2, 4], session.Compile([x], [product + bias]).Run(Tensor.From([1.0, 0, 0, 1], [2, 2]))[0].ToArray<double>());
    }

    private sealed record Ones : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.Span<double>().Fill(1);
    }
}
