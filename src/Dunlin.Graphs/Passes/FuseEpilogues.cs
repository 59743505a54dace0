using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Passes;

/// <summary>Lets matrix products and convolutions add a bias and rectify their result before they write it.</summary>
internal sealed class FuseEpilogues : IPlanPass
{
    public string Name => "fuse-epilogues";

    public void Run(PlanGraph graph)
    {
        foreach (var node in graph.Nodes.ToList())
        {
            if (node.Operation is not MatMul and not Conv) continue;
            var (product, bias, activation) = (node, default(PlanValue), Activation.None);
            var result = node;
            if (OnlyReader(graph, result) is { } add && Bias(add, result) is { } found) (result, bias) = (add, found);
            if (OnlyReader(graph, result) is { Operation: Unary unary } relu && unary == Unary.Relu) (result, activation) = (relu, Activation.Relu);
            if (result == node) continue;
            List<PlanValue> inputs = [.. product.Inputs];
            if (bias is not null) inputs.Add(bias);
            var fused = new PlanNode(new WithEpilogue(product.Operation, bias is not null, activation), result.Name, inputs, [result.Outputs[0].Type], result.Order);
            var chain = Chain(product, result);
            graph.Nodes[graph.Nodes.IndexOf(result)] = fused;
            foreach (var gone in chain)
            {
                graph.Nodes.Remove(gone);
                graph.Bypass(gone, fused);
            }
            graph.Replace(result.Outputs[0], fused.Outputs[0]);
        }
    }

    private static List<PlanNode> Chain(PlanNode from, PlanNode to)
    {
        var chain = new List<PlanNode>();
        for (var node = to; ; node = node.Inputs.Select(i => i.Producer).First(p => p is not null && (p == from || Leads(p, from)))!)
        {
            chain.Add(node);
            if (node == from) return chain;
        }
    }

    private static bool Leads(PlanNode node, PlanNode from) => node.Operation is Binary && node.Inputs.Any(i => i.Producer == from);

    private static PlanNode? OnlyReader(PlanGraph graph, PlanNode node)
    {
        var value = node.Outputs[0];
        if (graph.Fetches.Contains(value)) return null;
        PlanNode? reader = null;
        foreach (var other in graph.Nodes)
            foreach (var input in other.Inputs)
                if (input == value)
                {
                    if (reader is not null) return null;
                    reader = other;
                }
        return reader is { After.Count: 0 } ? reader : null;
    }

    /// <summary>The bias, if the node adds one along the product's output features.</summary>
    private static PlanValue? Bias(PlanNode add, PlanNode product)
    {
        if (add.Operation is not Binary binary || binary != Binary.Add) return null;
        var bias = add.Inputs[0] == product.Outputs[0] ? add.Inputs[1] : add.Inputs[0];
        var (shape, result) = (bias.Type.Shape, product.Outputs[0].Type.Shape);
        var features = product.Operation is Conv ? result[1] : result[^1];
        var along = product.Operation is Conv ? result.Rank - 2 : 0;
        var fits = shape.ElementCount == features && shape.Rank > along && shape[^(along + 1)] == features;
        // An assigned bias may wait for the product by a control edge.
        var waits = bias.Producer is { } producer && producer.DependsOn(product);
        return fits && !waits && add.Outputs[0].Type == product.Outputs[0].Type ? bias : null;
    }
}

/// <summary>A product with bias and activation: inputs as the product's, then the bias. Made by <see cref="FuseEpilogues"/> only.</summary>
internal sealed record WithEpilogue(Operation Product, bool Bias, Activation Activation) : Operation
{
    public override string Name => $"{Product.Name}{(Bias ? "+Bias" : "")}{(Activation == Activation.None ? "" : $"+{Activation}")}";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => Product.Infer([.. inputs.Take(2)]);

    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Product.Flops([.. inputs.Take(2)], outputs);

    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Product.LeastFlops([.. inputs.Take(2)], outputs);

    public override Kernel Prepare(PrepareContext context) => context.Heavy(Product switch
    {
        MatMul matmul => matmul.Spec(context.Inputs, Bias, Activation) with { LastingB = context.IsLasting(1) },
        Conv conv => conv.Spec(context.Inputs, Bias, Activation),
        _ => throw new InvalidOperationException($"{Product.Name} has no epilogue."),
    });
}
