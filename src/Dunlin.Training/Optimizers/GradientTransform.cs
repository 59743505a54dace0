namespace Dunlin.Training;

/// <summary>A link of an optimiser: makes new gradients of gradients or sets new weights, and may keep state.</summary>
public abstract record GradientTransform
{
    /// <summary>The learning rate, of the link that applies it; null for others.</summary>
    public virtual Schedule? LearningRate => null;

    /// <summary>Adds the link's operations.</summary>
    /// <param name="context">Gives state and takes assignments.</param>
    /// <param name="parameters">All variables to train, with what the links before made of their gradients.</param>
    /// <returns>As many, of the same variables in the same order.</returns>
    public abstract IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters);
}
