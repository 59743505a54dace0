using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// A vector for each number: x[…] of integers from 0 to rows − 1 gives y[…, features]. Variable: weight[rows, features], whose gradient is
/// sparse: only rows that were read.
/// </summary>
public sealed class Embedding : Layer
{
    private readonly int _rows;
    private readonly int _features;

    /// <summary>Creates the layer.</summary>
    /// <param name="rows">How many numbers there are, at least 1.</param>
    /// <param name="features">The vectors' length, at least 1.</param>
    public Embedding(int rows, int features)
    {
        Require.AtLeast(nameof(Embedding), rows, 1);
        Require.AtLeast(nameof(Embedding), features, 1);
        (_rows, _features) = (rows, features);
    }

    /// <summary>How vectors start.</summary>
    /// <value>Standard normal unless set.</value>
    public Initializer Initializer { get; init; } = Initializers.Normal();

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Type is DType.Int32 or DType.Int64
        ? context.Variable("weight", [_rows, _features], Initializer).Value.Gather(input)
        : throw new ShapeException($"expected row numbers of Int32 or Int64, got {input.TensorType}.");
}
