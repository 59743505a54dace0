using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.OwnParts;

/// <summary>y = x + scale · f(x), where the scale is learned.</summary>
public sealed class Gate(Layer inner) : Layer
{
    protected override Value Build(BuildContext context, Value input)
    {
        var scale = context.Variable("scale", [1], Initializers.Zeros);
        return input + scale.Value * context.Apply(inner, input).Tanh();
    }
}
