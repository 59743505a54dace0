namespace Dunlin.Strategies;

/// <summary>What workers give as the gradient of a slice.</summary>
internal enum GradientForm
{
    /// <summary>All of it.</summary>
    Dense,
    /// <summary>Rows, with their numbers.</summary>
    Rows,
    /// <summary>Nothing: it is one of weights of classes, and is computed on the server (<see cref="ClassQuery"/>).</summary>
    Computed,
}
