using System.Reflection;
using Dunlin.Graphs.Tests.Golden;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Documents;

/// <summary>An operation on small inputs that it is known to take: what its gradient checks and golden cases run it on.</summary>
internal sealed record Probe(Operation Operation, Tensor[] Inputs)
{
    private const int Enough = 3;

    /// <summary>All types of elements. A list of tensors is not made of elements: operations take lists, or they don't.</summary>
    public static readonly DType[] EveryType = [.. Enum.GetValues<DType>().Where(t => t != DType.List)];

    private static readonly Lazy<ILookup<string, Func<(Graph, IReadOnlyList<Value> Inputs, Tensor[] Fed)>>> Cases = new(() =>
        OperationCases.All.Select(c => (c.Operation, Build(c.Inputs, (g, x) => c.Function(g, x))))
            .Concat(GoldenFiles.All.Where(v => GoldenCases.For(v.Key) is not null).Select(v => (v.Operation, Build(v.Inputs, (g, x) => GoldenCases.For(v.Key)!.Function!(g, x)))))
            .Concat(Samples.All().Select(s => (s.Operation, Build(s.Inputs, (_, x) => s.Function(x)))))
            .ToLookup(c => c.Item1, c => c.Item2));

    /// <summary>Some of an operation's probes, of different input types; none if nothing checks it.</summary>
    public static IReadOnlyList<Probe> Of(string key)
    {
        var found = new List<Probe>();
        var seen = new HashSet<string>();
        foreach (var build in Cases.Value[key])
        {
            var (graph, inputs, fed) = build();
            foreach (var node in graph.Nodes.Where(n => OperationCases.Key(n.Operation) == key && !HasLists(n)))
            {
                if (!seen.Add(string.Join(",", node.Inputs.Select(v => v.TensorType)))) continue;
                found.Add(new Probe(node.Operation, Run(graph, inputs, node.Inputs, fed)));
            }
            if (found.Count(p => p.HasElements) >= Enough) break;
        }
        // Empty tensors say little about kernels.
        return [.. found.OrderByDescending(p => p.HasElements).Take(Enough)];
    }

    /// <summary>Whether an operation is about lists of tensors, which can't be fed to it alone.</summary>
    public static bool IsOfLists(string key) => Cases.Value[key].Any(build => build().Item1.Nodes.Any(n => OperationCases.Key(n.Operation) == key && HasLists(n)));

    private static bool HasLists(Node node) => node.Inputs.Concat(node.Outputs).Any(v => v.Type == DType.List);

    private bool HasElements => Inputs.All(x => x.ElementCount > 0);

    public TensorType[] Types => [.. Inputs.Select(x => x.TensorType)];

    /// <summary>
    /// The same with other element types, wherever the shape rule takes them: all inputs of one type become another, or a type among the
    /// operation's own attributes does.
    /// </summary>
    public IEnumerable<(Probe Probe, DType From, DType To)> OtherTypes()
    {
        foreach (var from in Inputs.Select(x => x.Type).Distinct())
            foreach (var to in EveryType)
                if (Accepts(Operation, [.. Types.Select(t => t.Type == from ? t with { Type = to } : t)]))
                    yield return (this with { Inputs = [.. Inputs.Select(x => x.Type == from ? Elements.As(x, to) : x)] }, from, to);
        foreach (var property in Operation.GetType().GetProperties().Where(p => p.PropertyType == typeof(DType) && p.CanWrite))
            foreach (var to in EveryType)
                if (With(property, to) is var operation && Accepts(operation, Types))
                    yield return (this with { Operation = operation }, (DType)property.GetValue(Operation)!, to);
    }

    /// <summary>The outputs.</summary>
    public IReadOnlyList<Tensor> Run()
    {
        var graph = new Graph();
        Value[] inputs = [.. Inputs.Select((x, i) => graph.Placeholder($"x{i}", x.Type, x.Shape))];
        return Run(graph, inputs, graph.AddNode(Operation, inputs).Outputs, Inputs);
    }

    private static bool Accepts(Operation operation, TensorType[] inputs)
    {
        try { return operation.Infer(inputs).Length > 0; }
        catch (ShapeException) { return false; }
    }

    private Operation With(PropertyInfo property, DType type)
    {
        var clone = (Operation)Operation.GetType().GetMethod("<Clone>$")!.Invoke(Operation, [])!;
        property.SetValue(clone, type);
        return clone;
    }

    private static Func<(Graph, IReadOnlyList<Value>, Tensor[])> Build(Tensor[] fed, Func<Graph, IReadOnlyList<Value>, object> function) => () =>
    {
        var graph = new Graph();
        Value[] inputs = [.. fed.Select((x, i) => graph.Placeholder($"in{i}", x.Type, x.Shape))];
        function(graph, inputs);
        return (graph, inputs, fed);
    };

    private static Tensor[] Run(Graph graph, IReadOnlyList<Value> inputs, IReadOnlyList<Value> fetches, Tensor[] fed)
    {
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        // Copies: the tensors that a step returns are its own.
        return [.. session.Compile(inputs, fetches).Run(fed).Select(t => t.Clone())];
    }
}
