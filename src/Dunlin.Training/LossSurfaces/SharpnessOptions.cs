namespace Dunlin.Training;

/// <summary>How <see cref="Sharpness"/> looks around a point.</summary>
public sealed record SharpnessOptions
{
    /// <summary>ε: how far to look, for each element a part of 1 + its magnitude.</summary>
    /// <value>Above 0; 10⁻³ unless set (the paper takes 5 · 10⁻⁴, too).</value>
    public double Epsilon { get; init => field = Require.Above(nameof(SharpnessOptions), value, 0); } = 1e-3;

    /// <summary>q: how many random directions to look along; null for all elements.</summary>
    /// <value>At least 1 where there are such (the paper takes 100); null unless set. Each takes 4 bytes for each element.</value>
    public int? Directions { get; init => field = value is { } q ? Require.AtLeast(nameof(SharpnessOptions), q, 1, nameof(Directions)) : null; }

    /// <summary>Iterations of L-BFGS-B: the maximum is only approached, as in the paper.</summary>
    /// <value>At least 1; 10 unless set.</value>
    public int Iterations { get; init => field = Require.AtLeast(nameof(SharpnessOptions), value, 1); } = 10;

    /// <summary>
    /// The part of the box within which the search starts at random; 0 starts at the point itself, where there is a slope to follow. Where there is none, as at an exact minimum, the search starts within a tenth of the box.
    /// </summary>
    /// <value>From 0 to 1; 0 unless set.</value>
    public double Start { get; init => field = Require.Between(nameof(SharpnessOptions), value, 0, 1); }

    /// <summary>The seed of directions and starts.</summary>
    public ulong Seed { get; init; }
}

/// <summary>How much higher the loss is nearby.</summary>
/// <param name="Value">φ: 100 · (highest − loss) / (1 + loss).</param>
/// <param name="Loss">The loss at the point.</param>
/// <param name="Highest">The highest that was found nearby; at least the loss.</param>
/// <param name="Iterations">Steps of the search.</param>
/// <param name="Evaluations">Evaluations of the loss and its gradient.</param>
public sealed record SharpnessResult(double Value, double Loss, double Highest, int Iterations, int Evaluations);
