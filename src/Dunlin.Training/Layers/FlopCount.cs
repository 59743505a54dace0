using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>Counts the work of the operations that matter: products and convolutions.</summary>
internal static class FlopCount
{
    /// <summary>Floating-point operations for one example, a multiply-add being two. Dimension 0 of the output is the batch.</summary>
    public static long Of(Node node)
    {
        // Each element of the input meets each tap once.
        if (node.Operation is ConvTranspose) return 2 * Known(node.Inputs[0].Shape[1..]) * Known(node.Inputs[1].Shape[1..]);
        var terms = node.Operation switch
        {
            MatMul product => node.Inputs[0].Shape[product.TransposeA ? ^2 : ^1],
            Conv => Known(node.Inputs[1].Shape[1..]),
            _ => 0L,
        };
        return terms == 0 ? 0 : 2 * Math.Max(1, terms) * Known(node.Outputs[0].Shape[1..]);
    }

    private static long Known(Shape shape)
    {
        var product = 1L;
        foreach (var length in shape) product *= Math.Max(1, length);
        return product;
    }
}
