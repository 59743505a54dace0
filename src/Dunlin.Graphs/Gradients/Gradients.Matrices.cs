using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <content>Derivatives with more dimensions than one, by vectorised products with a Jacobian.</content>
public static partial class Gradients
{
    /// <summary>
    /// The Jacobian ∂y/∂x as a tensor [y…, x…]: one vectorised VJP over the elements of y, or one vectorised JVP over those of x, whichever are fewer.
    /// </summary>
    /// <param name="y">What to differentiate; its shape is known.</param>
    /// <param name="x">With respect to what; its shape is known.</param>
    /// <exception cref="ShapeException">A shape is not known.</exception>
    public static Value Jacobian(Value y, Value x)
    {
        if (!y.Shape.IsKnown || !x.Shape.IsKnown) throw new ShapeException($"A Jacobian has the shape [y…, x…], which has to be known; got y {y} and x {x}.");
        var (rows, columns) = (checked((int)y.Shape.ElementCount), checked((int)x.Shape.ElementCount));
        var shape = y.Shape.Append(x.Shape.Dimensions);
        var forwards = columns < rows;
        var seed = (forwards ? x : y).Identity("seed");
        var product = forwards ? Forward(y, x, seed) : Of(y, seed, [x])[0]?.Dense();
        if (product is null) return y.Graph.Constant(0, y.Type).BroadcastTo(shape);
        var identity = y.Graph.Eye(forwards ? columns : rows, type: seed.Type).Reshape(Shape.Of(forwards ? columns : rows).Append(seed.Shape.Dimensions));
        var all = Vectorize.Of([product], [seed], [identity])[0];
        return (forwards ? all.Reshape([columns, rows]).Transpose(1, 0) : all).Reshape(shape);
    }

    /// <summary>The product of the Hessian ∂²y/∂x² of a scalar with a vector, without the matrix: forward mode over the gradient (Pearlmutter, 1994).</summary>
    /// <param name="y">What to differentiate twice: one element.</param>
    /// <param name="xs">With respect to what.</param>
    /// <param name="vectors">One for each of <paramref name="xs"/>, of its type and shape.</param>
    /// <returns>One for each of <paramref name="xs"/>: Σ over all of them of ∂²y/∂x∂xⱼ · vⱼ; zeros where the gradient does not depend on them.</returns>
    /// <exception cref="ShapeException">y has more than one element, or a vector does not fit.</exception>
    public static IReadOnlyList<Value> HessianProduct(Value y, IReadOnlyList<Value> xs, IReadOnlyList<Value> vectors)
    {
        Value[] gradients = [.. Of(y, xs).Select((g, i) => g?.Dense() ?? xs[i].ZerosLike())];
        return [.. Forward(gradients, xs, vectors).Select((t, i) => t ?? xs[i].ZerosLike())];
    }

    /// <summary>The Hessian ∂²y/∂x² of a scalar as a tensor [x…, x…]: a vectorised <see cref="HessianProduct"/>.</summary>
    /// <param name="y">What to differentiate twice: one element.</param>
    /// <param name="x">With respect to what; its shape is known.</param>
    /// <exception cref="ShapeException">y has more than one element, or the shape of x is not known.</exception>
    public static Value Hessian(Value y, Value x) => Jacobian(Of(y, x)[0]?.Dense() ?? x.ZerosLike(), x);

    /// <summary>
    /// The gradient of each example's loss by itself: one vectorised backward pass with shared parameters instead of one pass for each example.
    /// </summary>
    /// <param name="loss">
    /// The loss as a function of a batch: its mean over the batch (or one number for each example). It is built anew for batches of one
    /// example, so that the examples must not depend on each other (as they do in batch normalisation).
    /// </param>
    /// <param name="batch">What the loss is computed from and differs between examples, along a first dimension of known length: inputs, labels.</param>
    /// <param name="xs">With respect to what: parameters, say.</param>
    /// <returns>For each of <paramref name="xs"/> the gradients [N, x…]; zeros where the loss does not depend on it.</returns>
    /// <exception cref="ShapeException">The loss of one example is not one number.</exception>
    public static IReadOnlyList<Value> PerExample(Value loss, IReadOnlyList<Value> batch, IReadOnlyList<Value> xs)
    {
        Value[] ones = [.. batch.Select(b => b.StridedSlice(0..1))];
        var one = Subgraph.Rebuild([loss], batch, ones)[0];
        if (one.Shape.IsKnown && one.Shape.ElementCount != 1)
            throw new ShapeException($"Gradients.PerExample: the loss of a batch of one example is one number; {loss} becomes {one.TensorType}.");
        Value[] gradients = [.. Of(one.Sum(), xs).Select((g, i) => g?.Dense() ?? xs[i].ZerosLike())];
        return Vectorize.Of(gradients, ones, [.. batch.Select(b => b.ExpandDims(1))]);
    }
}
