namespace Dunlin.Graphs.Ops;

/// <summary>y = condition ? a : b, element by element.</summary>
/// <remarks>Gradients: dy where the condition holds for a, where it does not for b; none for the condition.</remarks>
public sealed record Select : Elementwise
{
    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        if (inputs[0].Type != DType.Bool) throw Mismatch(inputs, "the first input, the condition, is Bool.");
        return SameType([.. inputs.Skip(1)], 2);
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar.Contains(true) ? null : inputs[1].Size() switch
    {
        8 => new SelectTile<long>(),
        4 => new SelectTile<int>(),
        2 => new SelectTile<short>(),
        _ => new SelectTile<byte>(),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (condition, a, b, dy) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], outputGradients[0]!);
        var zero = dy.Number(0);
        return [null, Operations.Select(condition, dy, zero).ReduceToLike(a), Operations.Select(condition, zero, dy).ReduceToLike(b)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents)
    {
        if ((inputTangents[1] ?? inputTangents[2]) is not { } some) return [null];
        var zero = some.Number(0);
        return [Tangents.Spread(Operations.Select(node.Inputs[0], inputTangents[1] ?? zero, inputTangents[2] ?? zero), node.Outputs[0])];
    }

    private sealed unsafe class SelectTile<T> : TileFunction where T : unmanaged
    {
        public override void Run(nint* operands, int count)
        {
            var condition = (byte*)operands[0];
            T* a = (T*)operands[1], b = (T*)operands[2], y = (T*)operands[3];
            for (var i = 0; i < count; i++) y[i] = condition[i] != 0 ? a[i] : b[i];
        }
    }
}

/// <summary>Choosing.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Select"/>
    public static Value Select(Value condition, Value a, Value b) => condition.Graph.Add(new Select(), [condition, a, b]);
}
