using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Matrix product y[…, m, n] = Σₖ a[…, m, k] · b[…, k, n], of matrices stored transposed where said. The leading dimensions are equal,
/// or b is a single matrix for all of a.
/// </summary>
/// <remarks>Gradients: da = dy · bᵀ, db = aᵀ · dy (transposed where the operand is stored transposed).</remarks>
public sealed record MatMul(bool TransposeA = false, bool TransposeB = false) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (a, b) = (inputs[0].Shape, inputs[1].Shape);
        if (inputs[0].Type != inputs[1].Type || !inputs[0].Type.IsFloat()) throw Mismatch(inputs, "takes two tensors of one floating-point type.");
        if (a.Rank < 2 || b.Rank < 2) throw Mismatch(inputs, "takes matrices: at least two dimensions each.");
        if (b.Rank > 2 && (b.Rank != a.Rank || !a[..^2].Accepts(b[..^2]))) throw Mismatch(inputs, "the leading dimensions are equal, or b is a single matrix.");
        if (TransposeA && a.Rank > 2 && b.Rank == 2) throw Mismatch(inputs, "a transposed a with several leading dimensions needs as many matrices b; Transpose a first, as the method MatMul does.");
        var (m, ka) = TransposeA ? (a[^1], a[^2]) : (a[^2], a[^1]);
        var (kb, n) = TransposeB ? (b[^1], b[^2]) : (b[^2], b[^1]);
        if (ka != kb && ka != Shape.Unknown && kb != Shape.Unknown)
            throw Mismatch(inputs, $"{ka} columns of a{(TransposeA ? "ᵀ" : "")} against {kb} rows of b{(TransposeB ? "ᵀ" : "")}.");
        return [new(inputs[0].Type, a[..^2].Append(m, n))];
    }

    /// <inheritdoc/>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) =>
        2 * CountKnown(outputs[0].Shape) * CountKnown([inputs[0].Shape[TransposeA ? ^2 : ^1]]);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(Spec(context.Inputs, bias: false, Activation.None) with { LastingB = context.IsLasting(1) });

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, b, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        var da = TransposeA ? b.MatMul(dy, TransposeB, true) : dy.MatMul(b, false, !TransposeB);
        // A single b is shared by all leading dimensions of a: join them with the rows before the product.
        if (b.Shape.Rank == 2 && a.Shape.Rank > 2)
        {
            (a, dy) = (Rows(a), Rows(dy));
        }
        return [da, TransposeB ? dy.MatMul(a, true, TransposeA) : a.MatMul(dy, !TransposeA, false)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Bilinear(node, inputTangents);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (a, b, rankA, rankB) = (inputs[0], inputs[1], node.Inputs[0].Shape.Rank, node.Inputs[1].Shape.Rank);
        if (rankB == 2 && !b.IsBatched) return [a.Value.MatMul(b.Value, TransposeA, TransposeB)];
        // (a · b)ᵀ = bᵀ · aᵀ, so that a single a is shared without repeating it.
        if (rankA == 2 && !a.IsBatched) return [b.Value.MatMul(a.Value, !TransposeB, !TransposeA).Transpose(0, 2, 1)];
        var (many, each) = (batching.Everywhere(a), batching.Everywhere(b));
        if (rankA == rankB) return [many.MatMul(each, TransposeA, TransposeB)];
        var rows = batching.WithShape(many, Joined(node.Inputs[0].Shape));
        return [batching.WithShape(rows.MatMul(each, false, TransposeB), node.Outputs[0].Shape)];
    }

    /// <summary>The kernel's specification for known types.</summary>
    internal MatMulSpec Spec(IReadOnlyList<TensorType> inputs, bool bias, Activation activation)
    {
        var (a, b) = (inputs[0].Shape, inputs[1].Shape);
        var (m, k) = TransposeA ? (a[^1], a[^2]) : (a[^2], a[^1]);
        var n = TransposeB ? b[^2] : b[^1];
        var batch = checked((int)a[..^2].ElementCount);
        if (b.Rank == 2 && !TransposeA) (batch, m) = (1, checked(batch * m));
        return new MatMulSpec(inputs[0].Type, batch, m, n, k, TransposeA, TransposeB, bias, activation);
    }

    private static Value Rows(Value x) => x.Reshape(Joined(x.Shape));

    private static Shape Joined(Shape x) => [x[..^1].IsKnown ? checked((int)x[..^1].ElementCount) : Shape.Unknown, x[^1]];
}

/// <summary>Matrix products.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.MatMul"/>
    public static Value MatMul(this Value a, Value b, bool transposeA = false, bool transposeB = false)
    {
        var rank = a.Shape.Rank;
        // One b for several transposed a: their rows join into one product only once they are stored as rows.
        return transposeA && rank > 2 && b.Shape.Rank == 2
            ? a.Transpose([.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2]).MatMul(b, false, transposeB)
            : a.Graph.Add(new MatMul(transposeA, transposeB), [a, b]);
    }
}
