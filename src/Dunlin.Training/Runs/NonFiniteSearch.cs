using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Finds where a forward pass first leaves the finite numbers.</summary>
internal static class NonFiniteSearch
{
    /// <summary>Looks at the data, at the variables, and at every operation's output in the order in which they run.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="feeds">As <see cref="TrainingGraph.PassInputs"/>.</param>
    /// <returns>A sentence, or null if all is finite.</returns>
    public static string? Find(TrainingGraph graph, ReadOnlySpan<Tensor> feeds)
    {
        foreach (var (value, tensor) in new[] { (graph.Input, feeds[0]), (graph.Target, feeds[1]) })
            if (Violation(tensor) is { } inData) return $"The data are not finite: element {inData.Index} of the batch's {value.Name} is {inData.Value}.";
        foreach (var variable in graph.ModelVariables)
            if (Violation(graph.Session.Storage(variable)) is { } inVariable)
                return $"The variable {variable.Name} was not finite before the step: element {inVariable.Index} is {inVariable.Value}; an earlier update overflowed.";
        using var step = graph.Session.CompileUnfused(graph.PassInputs, [graph.LocalLoss]);
        var observer = new Observer();
        step.Run(feeds, [Tensor.Zeros(graph.LocalLoss.Type, Shape.Scalar)], observer);
        return observer.Found;
    }

    private static (long Index, double Value)? Violation(Tensor tensor) =>
        Finiteness.FirstViolation(tensor.Type, tensor.Address, tensor.ElementCount) is { Index: >= 0 } found ? found : null;

    private sealed class Observer : IStepObserver
    {
        public string? Found { get; private set; }

        public void Before(PlanKernel kernel) { }

        public void After(PlanKernel kernel, ReadOnlySpan<nint> outputs)
        {
            for (var o = 0; o < outputs.Length && Found is null; o++)
            {
                var type = kernel.Outputs[o];
                if (type.Type.IsFloat() && Finiteness.FirstViolation(type.Type, outputs[o], kernel.OutputBytes[o] / type.Type.Size()) is { Index: >= 0 } found)
                    Found = $"The first operation with such a result is {kernel.Node} ({kernel.Operation}), which gives {type} with {found.Value}.";
            }
        }
    }
}
