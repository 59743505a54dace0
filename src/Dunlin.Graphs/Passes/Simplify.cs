using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>Removes what leaves its operand as it is: views of equal type, x + 0, x − 0, x · 1, x / 1.</summary>
internal sealed class Simplify : IPlanPass
{
    public string Name => "simplify";

    public void Run(PlanGraph graph)
    {
        var rewriting = new Rewriting(graph);
        foreach (var node in rewriting.Nodes())
            if (Same(node) is { } operand && operand.Type == node.Outputs[0].Type && node.After.Count == 0)
            {
                rewriting.Remove(node, null);
                rewriting.Replace(node.Outputs[0], operand);
            }
    }

    private static PlanValue? Same(PlanNode node)
    {
        if (node.Operation.IsStateful) return null;
        if (node.Operation.ViewOf(node.InputTypes, node.Outputs[0].Type) is { ByteOffset: 0 } view) return node.Inputs[view.Input];
        if (node.Operation is not Binary binary) return null;
        if (binary == Binary.Multiply) return Is(node.Inputs[1], 1) ? node.Inputs[0] : Is(node.Inputs[0], 1) ? node.Inputs[1] : null;
        if (binary == Binary.Add) return Is(node.Inputs[1], 0) ? node.Inputs[0] : Is(node.Inputs[0], 0) ? node.Inputs[1] : null;
        if (binary == Binary.Divide) return Is(node.Inputs[1], 1) ? node.Inputs[0] : null;
        if (binary == Binary.Subtract) return Is(node.Inputs[1], 0) ? node.Inputs[0] : null;
        return null;
    }

    /// <summary>Whether a value is that number: a constant, or a tensor filled with one.</summary>
    private static bool Is(PlanValue value, double number) =>
        value.Constant is { ElementCount: 1 } constant ? Scalars.Read(constant) == number : value.Producer is { Operation: FillLike } fill && Is(fill.Inputs[1], number);
}
