namespace Dunlin.Training;

/// <summary>A link of an optimiser: makes new gradients of gradients or sets new weights, and may keep state.</summary>
public abstract record GradientTransform
{
    /// <summary>The learning rate, of the link that applies it; null for others.</summary>
    public virtual Schedule? LearningRate => null;

    /// <summary>
    /// Whether the link works where each worker has a flat piece of gradient, weights and state (<see cref="ShardingStage"/>): it computes element by element, has no use for the shape of
    /// <see cref="Parameter.Gradient"/> (that of the variable is <see cref="Parameter.Shape"/>), and takes lengths of whole tensors from <see cref="OptimizerContext.SquaresOf"/>.
    /// </summary>
    /// <value>False unless overridden: then it is refused there, rather than computing something else in silence.</value>
    public virtual bool TakesPieces => false;

    /// <summary>Of which tensors the link uses the lengths: it is refused where those lie on several parameter servers, which don't know each other's.</summary>
    /// <value>None unless overridden.</value>
    public virtual LengthsUsed Lengths => LengthsUsed.None;

    /// <summary>Whether the link sets the weights, or looks at the new ones (<see cref="Parameter.NewWeights"/>): what scales the update stands before it.</summary>
    /// <value>False unless overridden.</value>
    public virtual bool SeesNewWeights => false;

    /// <summary>Adds the link's operations.</summary>
    /// <param name="context">Gives state and takes assignments.</param>
    /// <param name="parameters">All variables to train, with what the links before made of their gradients.</param>
    /// <returns>As many, of the same variables in the same order.</returns>
    public abstract IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters);
}

/// <summary>Of which tensors a link of an optimiser uses the lengths.</summary>
public enum LengthsUsed
{
    /// <summary>Of none.</summary>
    None,
    /// <summary>Of each parameter's for that parameter.</summary>
    OfEach,
    /// <summary>Of all together.</summary>
    OfAll,
}
