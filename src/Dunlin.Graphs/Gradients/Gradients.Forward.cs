namespace Dunlin.Graphs;

/// <content>Forward mode.</content>
public static partial class Gradients
{
    /// <summary>
    /// The product of the Jacobian with a given vector (JVP): how fast results change when sources change as fast as given. It walks
    /// with the computation, so that one pass costs little more than the computation itself and keeps nothing of it.
    /// </summary>
    /// <param name="ys">What to differentiate, of any shapes.</param>
    /// <param name="xs">With respect to what.</param>
    /// <param name="tangents">One for each of <paramref name="xs"/>, of its type and shape.</param>
    /// <returns>One for each of <paramref name="ys"/>, of its type and shape; null where it does not depend on xs.</returns>
    /// <exception cref="ShapeException">A tangent does not fit its source.</exception>
    /// <exception cref="DunlinException">An operation in between has neither a rule for forward mode nor a gradient that can be differentiated.</exception>
    public static IReadOnlyList<Value?> Forward(IReadOnlyList<Value> ys, IReadOnlyList<Value> xs, IReadOnlyList<Value> tangents)
    {
        RequirePairs(xs, tangents, "source", "tangent");
        var found = new Dictionary<Value, Value>();
        for (var i = 0; i < xs.Count; i++) Move(xs[i], tangents[i]);
        foreach (var node in new Paths(xs, ys).Nodes)
        {
            Value?[] inputs = [.. node.Inputs.Select(i => found.GetValueOrDefault(i))];
            if (inputs.All(t => t is null)) continue;
            using var scope = node.Graph.Scope("tangents/" + node.Name);
            var outputs = node.Operation.PushForward(node, inputs);
            for (var o = 0; o < outputs.Count; o++)
                if (outputs[o] is { } tangent) Move(node.Outputs[o], tangent);
        }
        return [.. ys.Select(y => found.GetValueOrDefault(y))];

        void Move(Value value, Value tangent) => found[value] = found.TryGetValue(value, out var known) ? Plus(known, tangent) : tangent;
    }

    /// <inheritdoc cref="Forward(IReadOnlyList{Value}, IReadOnlyList{Value}, IReadOnlyList{Value})"/>
    public static Value? Forward(Value y, Value x, Value tangent) => Forward([y], [x], [tangent])[0];
}
