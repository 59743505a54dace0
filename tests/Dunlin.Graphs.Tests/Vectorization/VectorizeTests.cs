using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Vectorization;

public class VectorizeTests
{
    private const int Examples = 3;

    public static TheoryData<string> Operations => [.. OperationCases.All.Select(c => c.Operation).Distinct()];

    [Theory, MemberData(nameof(Operations))]
    public void Many_examples_at_once_give_what_each_gives_by_itself(string operation)
    {
        foreach (var (index, check) in OperationCases.All.Index().Where(c => c.Item.Operation == operation))
            // Examples draw random numbers of their own.
            foreach (var batched in Choices(operation, check.Inputs).Where(b => operation != "Dropout" || b[1]))
                try { Compare(check, batched); }
                catch (Exception e) when (e is DunlinException or Xunit.Sdk.XunitException)
                {
                    Assert.Fail($"Case {index} of {operation} ({string.Join(", ", check.Inputs.AsEnumerable())}), batched {string.Join(", ", batched)}: {e.Message}");
                }
    }

    /// <summary>Which inputs differ between examples: any of up to three; of more, all, only floating-point ones, and each of those by itself.</summary>
    private static IEnumerable<bool[]> Choices(string operation, Tensor[] inputs) => Choices(inputs, all: inputs.Length <= 3 && operation != "Loop", integers: false);

    /// <summary>All subsets of the inputs, or all of them, the floating-point ones, and each by itself, with or without integers.</summary>
    internal static IEnumerable<bool[]> Choices(Tensor[] inputs, bool all, bool integers)
    {
        var every = (1 << inputs.Length) - 1;
        int[] floats = [.. Enumerable.Range(0, inputs.Length).Where(i => inputs[i].Type.IsFloat()).Select(i => 1 << i)];
        IEnumerable<int> sets = all ? Enumerable.Range(1, every) : [.. integers ? Enumerable.Range(0, inputs.Length).Select(i => 1 << i) : floats, floats.Sum(), every];
        return sets.Where(set => set > 0).Distinct().Select(set => inputs.Select((_, i) => (set >> i & 1) == 1).ToArray());
    }

    private static void Compare(OperationCase check, bool[] batched)
    {
        var graph = new Graph();
        Value[] xs = [.. check.Inputs.Select((x, i) => graph.Placeholder($"x{i}", x.Type, batched[i] ? Shape.Of(Examples).Append(x.Shape.Dimensions) : x.Shape))];
        var many = Vectorize.Map(v => [check.Function(graph, v)], xs, [.. batched.Select(b => b ? (int?)0 : null)])[0];
        Value[] smooth = [.. xs.Where(x => x.Type.IsFloat())];
        var gradients = Gradients.Of(many.Square().Sum(), smooth);
        Tensor[] examples = [.. check.Inputs.Select((x, i) => batched[i] ? Varied(x) : x)];
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var actual = session.Compile(xs, [many, .. smooth.Select((x, i) => gradients[i]?.Dense() ?? x.ZerosLike())]).Run(examples);

        var single = new Graph();
        Value[] ones = [.. check.Inputs.Select((x, i) => single.Placeholder($"x{i}", x.Type, x.Shape))];
        var y = check.Function(single, ones);
        Value[] sources = [.. ones.Where(x => x.Type.IsFloat())];
        var slopes = Gradients.Of(y.Square().Sum(), sources);
        using var other = new Session(single, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var step = other.Compile(ones, [y, .. sources.Select((x, i) => slopes[i]?.Dense() ?? x.ZerosLike())]);
        var expected = Enumerable.Range(0, Examples).Select(e => step.Run([.. examples.Select((x, i) => batched[i] ? Example(x, e, check.Inputs[i].Shape) : x)])).ToList();

        Assert.Equal(Shape.Of(Examples).Append(y.Shape.Dimensions), actual[0].Shape);
        Close([.. expected.SelectMany(r => r[0].ToArray<double>())], actual[0].ToArray<double>());
        for (var s = 0; s < smooth.Length; s++)
        {
            double[][] parts = [.. expected.Select(r => r[s + 1].ToArray<double>())];
            Close(batched[Array.IndexOf(xs, smooth[s])] ? [.. parts.SelectMany(p => p)] : [.. parts[0].Select((_, i) => parts.Sum(p => p[i]))], actual[s + 1].ToArray<double>());
        }
    }

    private static void Close(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-10 * Math.Max(1, Math.Abs(expected[i])), $"element {i} is {actual[i]}, not {expected[i]}.");
    }

    /// <summary>Examples that differ, floating-point ones by a factor near 1 that leaves them in their domain.</summary>
    private static Tensor Varied(Tensor x)
    {
        var many = Tensor.Uninitialized(x.Type, Shape.Of(Examples).Append(x.Shape.Dimensions));
        for (var e = 0; e < Examples; e++)
        {
            var part = x.Clone();
            if (x.Type.IsFloat())
                foreach (ref var v in part.Span<double>()) v *= 1 + 0.05 * e;
            part.RawBytes.CopyTo(many.RawBytes[(int)(e * x.Bytes)..]);
        }
        return many;
    }

    private static Tensor Example(Tensor many, int e, Shape shape)
    {
        var one = Tensor.Uninitialized(many.Type, shape);
        many.RawBytes.Slice((int)(e * one.Bytes), (int)one.Bytes).CopyTo(one.RawBytes);
        return one;
    }
}
