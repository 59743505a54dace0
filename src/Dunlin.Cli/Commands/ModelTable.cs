using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Cli.Commands;

/// <summary>A model's layers with shapes, parameters and work.</summary>
internal static class ModelTable
{
    /// <summary>A line for each layer, and the totals.</summary>
    /// <param name="model">The model.</param>
    /// <param name="input">One example's input.</param>
    /// <exception cref="ShapeException">Layers do not fit each other or the input.</exception>
    public static IReadOnlyList<string> Lines(Layer model, Field input) => ModelSummary.Lines(Build(model, input).Context.Records);

    /// <summary>The same, after a look whether loss and metrics fit the model and the targets: better now than after hours in a queue.</summary>
    /// <param name="run">Model, loss and metrics.</param>
    /// <param name="data">One whose first field is the input, the second the target.</param>
    /// <exception cref="ShapeException">Something does not fit.</exception>
    public static IReadOnlyList<string> Lines(RunConfiguration run, IDataset data)
    {
        var (context, prediction) = Build(run.Model, data.Fields[0]);
        var target = Placeholder(context.Graph, data.Fields[1]);
        _ = run.Loss.Loss(prediction, target);
        foreach (var metric in run.Metrics) _ = metric.Mean(prediction, target);
        return ModelSummary.Lines(context.Records);
    }

    private static (BuildContext Context, Value Prediction) Build(Layer model, Field input)
    {
        var graph = new Graph();
        var context = new BuildContext(graph, training: false);
        return (context, context.Apply(model, Placeholder(graph, input)));
    }

    private static Value Placeholder(Graph graph, Field field) =>
        graph.Placeholder(field.Name, field.Type.Type, Shape.Of(Shape.Unknown).Append(field.Type.Shape.Dimensions));
}
