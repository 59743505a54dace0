using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>A function of values as a layer without variables.</summary>
/// <param name="function">Adds the operations.</param>
public sealed class Lambda(Func<Value, Value> function) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => function(input);
}
