namespace Dunlin.Graphs;

/// <summary>Shapes ahead of the plan that will know them.</summary>
public static class ShapeInference
{
    /// <summary>The type that a value has where others that it is computed from have given shapes.</summary>
    /// <param name="value">The value.</param>
    /// <param name="given">Values and their shapes, which their own shapes accept.</param>
    /// <returns>Its type. Lengths that depend on other inputs of unknown lengths, or on elements, stay unknown.</returns>
    /// <exception cref="ShapeException">An operation does not take what the shapes lead to.</exception>
    public static TensorType Of(Value value, IReadOnlyList<(Value Value, Shape Shape)> given)
    {
        var types = new Dictionary<Value, TensorType>();
        foreach (var (known, shape) in given)
        {
            if (!known.Shape.Accepts(shape)) throw new ShapeException($"{known} can't have the shape {shape}.");
            types[known] = known.TensorType with { Shape = shape };
        }
        foreach (var node in Subgraph.Behind([value], Subgraph.First([.. types.Keys])))
        {
            if (!node.Inputs.Any(types.ContainsKey)) continue;
            var outputs = node.Operation.Infer([.. node.Inputs.Select(i => types.GetValueOrDefault(i, i.TensorType))]);
            for (var o = 0; o < outputs.Length; o++) types.TryAdd(node.Outputs[o], outputs[o]);
        }
        return types.GetValueOrDefault(value, value.TensorType);
    }
}
