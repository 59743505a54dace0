using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Profiling;

/// <summary>The floating-point operations of operations, counted by hand; what fuses them in a plan adds up to the same.</summary>
public class WorkTests
{
    private readonly Graph _graph = new();

    [Fact]
    public void A_product_has_a_multiply_add_for_each_term()
    {
        Assert.Equal(2 * 3 * 4 * 5, X(3, 4).MatMul(X(4, 5)).Node.Flops);
        Assert.Equal(2 * 7 * 3 * 4 * 5, X(7, 4, 3).MatMul(X(7, 5, 4), true, true).Node.Flops);
        Assert.Equal(2 * 4 * 5, X(-1, 4).MatMul(X(4, 5)).Node.Flops);
        Assert.Equal(0, X(0, 4).MatMul(X(4, 5)).Node.Flops);
        Assert.Equal(0, (X(3, 4) + X(3, 4)).Node.Flops);
    }

    [Fact]
    public void A_convolution_and_both_its_gradients_meet_each_tap_of_each_output_once()
    {
        var (x, w) = (X(2, 6, 9, 9), X(8, 3, 3, 5));
        var y = x.Conv(w, Sliding.Uniform(2, stride: 2, padding: 1, groups: 2));
        var expected = 2L * 2 * 8 * 5 * 4 * 3 * 3 * 5;
        Assert.Equal<Shape>([2, 8, 5, 4], y.Shape);
        Assert.Equal(expected, y.Node.Flops);
        var gradients = Gradients.Of(y.Sum(), [x, w]);
        Assert.All(gradients, g => Assert.Equal(expected, g!.Dense().Node.Flops));
    }

    /// <summary>Against a walk over all taps.</summary>
    [Theory, InlineData(9, 3, 1, 1, 1), InlineData(7, 5, 2, 2, 1), InlineData(6, 3, 1, 4, 2), InlineData(11, 4, 3, 0, 1), InlineData(2, 5, 1, 3, 1), InlineData(10, 3, 4, 5, 3)]
    public void Taps_on_padding_are_no_work_that_has_to_be_done(int length, int window, int stride, int padding, int dilation)
    {
        var sliding = Sliding.Uniform(2, stride, padding, dilation);
        var y = X(2, 3, length, length).Conv(X(4, 3, window, window), sliding);
        var inside = 0L;
        for (var t = 0; t < y.Shape[2]; t++)
            for (var k = 0; k < window; k++)
                if (t * stride + k * dilation - padding is var at && at >= 0 && at < length) inside++;
        TensorType[] types = [.. y.Node.Inputs.Select(i => i.TensorType)];
        Assert.Equal(2 * 2 * 4 * 3 * inside * inside, y.Node.Operation.LeastFlops(types, [y.TensorType]));
        Assert.All(Gradients.Of(y.Sum(), [.. y.Node.Inputs]), g =>
            Assert.Equal(2 * 2 * 4 * 3 * inside * inside, g!.Dense().Node.Operation.LeastFlops([.. g.Dense().Node.Inputs.Select(i => i.TensorType)], [g.Dense().TensorType])));
        Assert.True(padding > 0 || inside == y.Shape[2] * window);
    }

    [Fact]
    public void A_transposed_convolution_meets_each_tap_of_each_input_once() =>
        Assert.Equal(2 * 2 * 4 * 5 * 5 * 6 * 3 * 3, X(2, 4, 5, 5).ConvTranspose(X(4, 6, 3, 3), Sliding.Uniform(2, stride: 2)).Node.Flops);

    [Fact]
    public void Attention_counts_the_keys_that_causal_queries_see()
    {
        Assert.Equal(2 * 6 * 5 * 7 * (4 + 3), Attend(6, 5, 7, causal: false).Flops);
        Assert.Equal(2 * 6 * (1 + 2 + 3 + 4 + 5) * (4 + 3), Attend(6, 5, 7, causal: true).Flops);
        Assert.Equal(2 * 6 * (1 + 2 + 3 + 3 + 3) * (4 + 3), Attend(6, 5, 3, causal: true).Flops);
        var attention = Attend(6, 5, 7, causal: false);
        var backward = Gradients.Of(attention.Outputs[0].Sum(), [attention.Inputs[0]])[0]!.Dense().Node;
        Assert.Equal(2 * 6 * 5 * 7 * (3 * 4 + 2 * 3), backward.Flops);
    }

    [Fact]
    public void A_loop_counts_as_often_as_it_runs()
    {
        var w = X(4, 4);
        var (states, _) = ControlFlow.Scan([X(9, 2, 4)], [X(2, 4)], (s, x) => ([(s[0] + x[0]).MatMul(w)], []));
        Assert.Equal(9 * 2 * 2 * 4 * 4, states[0].Node.Flops);
        var branch = ControlFlow.If(_graph.Placeholder("condition", DType.Bool, []), () => states[0].MatMul(w), () => states[0].MatMul(w).MatMul(w));
        Assert.Equal(2 * 2 * 2 * 4 * 4, branch.Node.Flops);
    }

    [Fact]
    public void Fused_kernels_of_a_plan_have_the_work_of_what_they_fuse()
    {
        var x = _graph.Placeholder("x", DType.Float32, [32, 3, 16, 16]);
        var (w1, b1, w2, b2) = (Variable("w1", 8, 3, 3, 3), Variable("b1", 8, 1, 1), Variable("w2", 1568, 640), Variable("b2", 640));
        var hidden = (x.Conv(w1.Value) + b1.Value).Relu().Reshape([32, 1568]);
        var loss = (hidden.MatMul(w2.Value) + b2.Value).Square().Mean();
        Variable[] variables = [w1, b1, w2, b2];
        Value[] updates = [.. variables.Zip(Gradients.Of(loss, variables), (v, g) => v.Assign(v.Value - 0.1f * g!.Dense()))];
        using var session = new Session(_graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = session.Compile([x], [loss], updates);
        var kernels = step.PlanFor([Tensor.Zeros(DType.Float32, [32, 3, 16, 16])]).Kernels;
        var (convolution, product) = (2L * 32 * 8 * 14 * 14 * 27, 2L * 32 * 1568 * 640);
        Assert.Equal(2 * convolution + 3 * product, kernels.Sum(k => k.Flops));
        Assert.Contains(kernels, k => k.Operation.StartsWith("MatMul+Fused", StringComparison.Ordinal) && k.Flops == product);
        Assert.Contains(kernels, k => k.Operation.Contains("+Bias", StringComparison.Ordinal));
        // A product reads its operands and writes its result.
        Assert.Contains(kernels, k => k.Operation == "MatMul+Bias" && k.Bytes == 4L * (32 * 1568 + 1568 * 640 + 640 + 32 * 640));
    }

    [Fact]
    public void Rows_of_a_table_are_the_only_ones_touched()
    {
        var (table, numbers) = (_graph.Placeholder("table", DType.Float32, [1000, 16]), _graph.Placeholder("numbers", DType.Int64, [4]));
        using var session = new Session(_graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = session.Compile([table, numbers], [table.Gather(numbers)]);
        var gather = Assert.Single(step.PlanFor([Tensor.Zeros(DType.Float32, [1000, 16]), Tensor.Zeros(DType.Int64, [4])]).Kernels);
        Assert.Equal(2 * 4 * 16 * sizeof(float) + 4 * sizeof(long), gather.Bytes);
    }

    private Node Attend(int matrices, int queries, int keys, bool causal)
    {
        var form = new AttentionForm(0.5, causal, Mask: false, Lengths: false, Dropout: null);
        return _graph.AddNode(new Attention(form), [X(matrices, queries, 4), X(matrices, keys, 4), X(matrices, keys, 3)]);
    }

    private Value X(params int[] lengths) => _graph.Placeholder("x", DType.Float32, Shape.Create(lengths));

    private Variable Variable(string name, params int[] lengths) => _graph.Variable(name, DType.Float32, Shape.Create(lengths), new Ones());
}
