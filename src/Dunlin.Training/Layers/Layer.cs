using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>
/// A description of a part of a model. It holds no state: <see cref="BuildContext.Apply"/> builds it into a graph, where its variables live,
/// so one layer object can be built into many graphs, and several times into one graph over the same variables.
/// </summary>
/// <remarks>
/// A model of your own derives from this class, keeps its parts in fields, and calls <see cref="BuildContext.Apply"/> on them in
/// <see cref="Build"/>. Parts that are made anew in each Build would get weights of their own each time. Immutable, so thread-safe.
/// </remarks>
public abstract class Layer
{
    /// <summary>The name within the layer that applies this one; without slashes.</summary>
    /// <value>The kind in lower case and a number unless set: <c>conv2d</c>, <c>conv2d_1</c>.</value>
    /// <exception cref="InvalidValueException">The name is empty or holds a slash.</exception>
    public string? Name
    {
        get;
        init
        {
            Require.NotBlank(Kind, value);
            field = Require.That(Kind, value, !value!.Contains('/', StringComparison.Ordinal), "a name without slashes");
        }
    }

    /// <summary>What sort of layer it is, as messages and tables say.</summary>
    public virtual string Kind => GetType().Name;

    /// <summary>Whether its parts are named as if they stood in the layer around it.</summary>
    internal virtual bool IsTransparent => false;

    /// <summary>Adds the layer's operations to the context's graph. Called by <see cref="BuildContext.Apply"/>.</summary>
    /// <param name="context">Where variables come from and other layers are applied.</param>
    /// <param name="input">What the layer is applied to; the first dimension is usually the batch.</param>
    /// <returns>The layer's output.</returns>
    /// <exception cref="ShapeException">The input does not fit.</exception>
    protected internal abstract Value Build(BuildContext context, Value input);
}
