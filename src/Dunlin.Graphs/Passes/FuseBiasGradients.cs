using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// Lets the kernel of a convolution's weight gradient, which reads all of dy, sum it up for the bias too: a pass over dy and a reorder less.
/// </summary>
internal sealed class FuseBiasGradients : IPlanPass
{
    public string Name => "fuse-bias-gradients";

    public void Run(PlanGraph graph)
    {
        foreach (var weights in graph.Nodes.Where(n => n.Operation is ConvBackwardWeights && n.After.Count == 0).ToList())
        {
            if (graph.Nodes.Find(n => SumsForBias(n, weights)) is not { } bias) continue;
            var fused = new PlanNode(new ConvBackwardWeightsAndBias((ConvBackwardWeights)weights.Operation), weights.Name,
                weights.Inputs, [weights.Outputs[0].Type, bias.Outputs[0].Type], weights.Order);
            graph.Nodes[graph.Nodes.IndexOf(weights)] = fused;
            graph.Nodes.Remove(bias);
            graph.Bypass(weights, fused);
            graph.Bypass(bias, fused);
            graph.Replace(weights.Outputs[0], fused.Outputs[0]);
            graph.Replace(bias.Outputs[0], fused.Outputs[1]);
        }
        graph.Sort();
    }

    /// <summary>Whether a node sums the weight gradient's dy over everything but the channels.</summary>
    private static bool SumsForBias(PlanNode node, PlanNode weights)
    {
        var (dy, channels) = (weights.Inputs[1], weights.Outputs[0].Type.Shape[0]);
        if (node.Operation is not ReduceToLike || node.Inputs[0] != dy || node.After.Count > 0) return false;
        var (shape, spatial) = (node.Outputs[0].Type.Shape, dy.Type.Shape.Rank - 2);
        return shape.ElementCount == channels && shape.Rank > spatial && shape[^(spatial + 1)] == channels;
    }
}

/// <summary>A convolution's weight gradient and, second, its bias gradient. Inputs: x, dy, and w for its shape. Made by <see cref="FuseBiasGradients"/> only.</summary>
internal sealed record ConvBackwardWeightsAndBias(ConvBackwardWeights Weights) : Operation
{
    public override bool ReadsElements(int input) => input < 2;

    public override string? NoGradientReason => "Plans make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[2], new(inputs[2].Type, [inputs[2].Shape[0]])];

    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Weights.Flops(inputs, outputs);

    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Weights.LeastFlops(inputs, outputs);

    public override Kernel Prepare(PrepareContext context) => context.Heavy(Weights.Spec(context.Inputs, bias: true), inputs: 2);
}
