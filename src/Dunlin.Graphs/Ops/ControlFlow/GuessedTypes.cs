using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// What types a body's values would have if it ran, for a loop that never does: its stacked values have a shape though there are none. Beyond
/// what shape rules tell, it takes states to keep their shapes, and knows the elements of lists.
/// </summary>
internal sealed class GuessedTypes
{
    private readonly Dictionary<Value, TensorType> _types = [];
    private readonly Dictionary<Value, TensorType> _elements = [];

    /// <summary>Guesses.</summary>
    /// <param name="body">The body.</param>
    /// <param name="parameters">A type for each parameter.</param>
    /// <param name="elements">The type of its elements for each parameter that is a list, where it is known.</param>
    /// <param name="wanted">Values of the body.</param>
    public GuessedTypes(Body body, IReadOnlyList<TensorType> parameters, IReadOnlyList<TensorType?> elements, IReadOnlyList<Value> wanted)
    {
        for (var p = 0; p < body.Parameters.Count; p++) Set(body.Parameters[p], parameters[p], elements[p]);
        foreach (var node in PlanBuilder.Needed(body.Parameters.ToHashSet(), wanted, [])) Walk(node);
    }

    /// <summary>A value's type, as far as it is known.</summary>
    public TensorType TypeOf(Value value) => _types.GetValueOrDefault(value, value.TensorType);

    /// <summary>The type of a list's elements, as far as it is known.</summary>
    public TensorType? ElementOf(Value list) => _elements.TryGetValue(list, out var element) ? element : null;

    private void Walk(Node node)
    {
        switch (node.Operation)
        {
            case Loop loop:
                Walk(loop, node);
                break;
            case If branches:
                Walk(branches.Then, node, 1);
                Walk(branches.Otherwise, node, 1 + branches.Then.Parameters.Count);
                break;
            case StackList when ElementOf(node.Inputs[0]) is { } element:
                Set(node.Outputs[0], element with { Shape = Shape.Of(node.Outputs[0].Shape[0]).Append(element.Shape.Dimensions) });
                break;
            case UnstackList:
                var x = TypeOf(node.Inputs[0]);
                Set(node.Outputs[0], node.Outputs[0].TensorType, x with { Shape = x.Shape[1..] });
                break;
            case AppendList or WriteList:
                Set(node.Outputs[0], node.Outputs[0].TensorType, TypeOf(node.Inputs[^1]));
                break;
            case AddLists:
                Set(node.Outputs[0], node.Outputs[0].TensorType, ElementOf(node.Inputs[0]) ?? ElementOf(node.Inputs[1]));
                break;
            default:
                try
                {
                    var outputs = node.Operation.Infer([.. node.Inputs.Select(TypeOf)]);
                    for (var o = 0; o < outputs.Length; o++) Set(node.Outputs[o], outputs[o]);
                }
                catch (ShapeException) { /* A guess was wrong: what the graph says of it is right. */ }
                break;
        }
    }

    private void Walk(Loop loop, Node node)
    {
        Value[] inputs = [.. node.Inputs.Skip(loop.FirstState)];
        TensorType[] types = [.. loop.ParameterTypes([.. node.Inputs.Select(TypeOf)])];
        for (var x = loop.States; x < loop.States + loop.Scanned && loop.Trips != Trips.Length; x++) types[x] = ElementOf(inputs[x]) ?? types[x];
        var inside = new GuessedTypes(loop.Body, types, [.. inputs.Select(ElementOf)], loop.Computed);
        for (var s = 0; s < loop.States; s++) Set(node.Outputs[s], types[s], inside.ElementOf(loop.Body.Results[loop.FirstResult + s]) ?? ElementOf(inputs[s]));
        for (var k = 0; k < loop.Stacked.Count; k++)
        {
            var (output, element) = (node.Outputs[loop.States + k], inside.TypeOf(loop.Stacked[k]));
            if (loop.Trips == Trips.Length) Set(output, element with { Shape = Shape.Of(loop.LengthFor([.. node.Inputs.Select(TypeOf)])).Append(element.Shape.Dimensions) });
            else Set(output, output.TensorType, element);
        }
    }

    /// <summary>A branch, which may know what the other one does not.</summary>
    private void Walk(Body body, Node node, int first)
    {
        Value[] inputs = [.. node.Inputs.Skip(first).Take(body.Parameters.Count)];
        var inside = new GuessedTypes(body, [.. inputs.Select(TypeOf)], [.. inputs.Select(ElementOf)], body.Results);
        for (var o = 0; o < node.Outputs.Count; o++)
            if (!TypeOf(node.Outputs[o]).Shape.IsKnown || node.Outputs[o].Type == DType.List) Set(node.Outputs[o], inside.TypeOf(body.Results[o]), inside.ElementOf(body.Results[o]));
    }

    private void Set(Value value, TensorType type, TensorType? element = null)
    {
        _types[value] = type;
        if (element is { } known) _elements[value] = known;
    }
}
