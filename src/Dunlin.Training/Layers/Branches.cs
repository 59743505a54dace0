using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>Layers side by side over one input; their outputs are joined along the channels (dimension 1).</summary>
/// <param name="branches">At least one.</param>
public sealed class Branches(params IReadOnlyList<Layer> branches) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => Operations.Concat([.. branches.Select(b => context.Apply(b, input))], axis: 1);
}
