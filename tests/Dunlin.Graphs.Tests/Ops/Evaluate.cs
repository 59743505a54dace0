using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Ops;

/// <summary>Runs a function of tensors once.</summary>
internal static class Evaluate
{
    public static Tensor Of(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Of(function, 1, inputs);

    public static Tensor Of(Func<IReadOnlyList<Value>, Value> function, int threads, params Tensor[] inputs)
    {
        var graph = new Graph();
        Value[] xs = [.. inputs.Select((x, i) => graph.Placeholder($"x{i}", x.Type, x.Shape))];
        using var session = new Session(graph, new SessionOptions { Threads = threads, Kernels = KernelSets.Managed });
        return session.Compile(xs, [function(xs)]).Run(inputs)[0];
    }

    public static Tensor OfGraph(Func<Graph, Value> function)
    {
        var graph = new Graph();
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        return session.Run(function(graph));
    }

    /// <summary>The lengths of the parts into which a function cuts a vector.</summary>
    public static int[] OfParts(Func<Value, IReadOnlyList<Value>> function, Tensor x)
    {
        var graph = new Graph();
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        return [.. session.Run(function(graph.Constant(x))).Select(p => p.Shape[0])];
    }

    public static double[] Doubles(Func<Value, Value> function, params double[] x) => Of(v => function(v[0]), Tensor.From(x)).ToArray<double>();
}
