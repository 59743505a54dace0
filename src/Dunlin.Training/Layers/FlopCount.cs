using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>Counts the work of the operations that matter: products and convolutions, also those within loops and branches.</summary>
internal static class FlopCount
{
    /// <summary>
    /// Floating-point operations, a multiply-add being two. Unknown lengths count as 1: of the whole batch where its size is known, else of one example.
    /// A loop counts as often as it runs, once where that is unknown; of a branch, the side with more work.
    /// </summary>
    public static long Of(Node node)
    {
        var bodies = ControlFlow.BodiesOf(node);
        if (bodies.Count > 0) return bodies.Max(body => body.Times * body.Nodes.Sum(Of));
        // Each element of the input meets each tap once.
        if (node.Operation is ConvTranspose) return 2 * Known(node.Inputs[0].Shape[1..]) * Known(node.Inputs[1].Shape);
        // Each query meets each key, once for its score and once for its value.
        if (node.Operation is Attention) return 2 * Known(node.Inputs[0].Shape[..^1]) * Known(node.Inputs[1].Shape[^2..^1]) * (Known(node.Inputs[0].Shape[^1..]) + Known(node.Inputs[2].Shape[^1..]));
        var terms = node.Operation switch
        {
            MatMul product => node.Inputs[0].Shape[product.TransposeA ? ^2 : ^1],
            Conv => Known(node.Inputs[1].Shape[1..]),
            _ => 0L,
        };
        return terms == 0 ? 0 : 2 * Math.Max(1, terms) * Known(node.Outputs[0].Shape);
    }

    private static long Known(Shape shape)
    {
        var product = 1L;
        foreach (var length in shape) product *= Math.Max(1, length);
        return product;
    }
}
