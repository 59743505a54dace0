using System.Collections;
using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>Layers one after another. Without a name, its parts are named as if they stood in the layer around it.</summary>
public sealed class Sequential : Layer, IEnumerable<Layer>
{
    private readonly Layer[] _layers;

    /// <summary>Creates the chain; of no layers, it is the identity.</summary>
    public Sequential(params IEnumerable<Layer> layers) => _layers = [.. layers];

    internal override bool IsTransparent => Name is null;

    /// <summary>This chain, then more.</summary>
    public Sequential Then(params IEnumerable<Layer> layers) => Name is null ? new([.. _layers, .. layers]) : new([.. _layers, .. layers]) { Name = Name };

    /// <inheritdoc/>
    public IEnumerator<Layer> GetEnumerator() => ((IEnumerable<Layer>)_layers).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _layers.GetEnumerator();

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => _layers.Aggregate(input, (x, layer) => context.Apply(layer, x));
}
