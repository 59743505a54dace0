namespace Dunlin.Training;

/// <summary>A function to make small.</summary>
/// <param name="x">Where.</param>
/// <param name="gradient">Takes the gradient there; as long as x.</param>
/// <returns>The value there. Where it is not finite, or the gradient is not, the search comes back nearer.</returns>
public delegate double Objective(ReadOnlySpan<double> x, Span<double> gradient);

/// <summary>How L-BFGS finds the length of a step.</summary>
public enum LineSearch
{
    /// <summary>Sufficient decrease and a slope small enough, by bracketing and cubic interpolation (Nocedal and Wright, 2006, algorithms 3.5 and 3.6).</summary>
    StrongWolfe,
    /// <summary>Sufficient decrease alone (Armijo), by shorter and shorter steps.</summary>
    Backtracking,
}

/// <summary>How <see cref="Lbfgs"/> goes on and when it ends.</summary>
public sealed record LbfgsOptions
{
    /// <summary>Pairs of steps and differences of gradients that are kept: each costs two vectors of doubles.</summary>
    /// <value>At least 1; 10 unless set, and 5 to 20 as a rule.</value>
    public int History { get; init => field = Require.AtLeast(nameof(LbfgsOptions), value, 1); } = 10;

    /// <summary>The line search.</summary>
    public LineSearch LineSearch { get; init; } = LineSearch.StrongWolfe;

    /// <summary>c₁: the part of the decrease that the slope at the start promises which a step has to bring.</summary>
    /// <value>Above 0, below 1; 10⁻⁴ unless set.</value>
    public double SufficientDecrease { get; init => field = Require.That(nameof(LbfgsOptions), value, value is > 0 and < 1, "above 0 and below 1"); } = 1e-4;

    /// <summary>c₂: the part of the slope at the start to which a step has to bring it down (strong Wolfe only).</summary>
    /// <value>Above c₁, below 1; 0.9 unless set.</value>
    public double Curvature { get; init => field = Require.That(nameof(LbfgsOptions), value, value is > 0 and < 1, "above 0 and below 1"); } = 0.9;

    /// <summary>Ends the search when the gradient's Euclidean length is at most this.</summary>
    /// <value>At least 0; 10⁻⁶ unless set.</value>
    public double GradientTolerance { get; init => field = Require.AtLeast(nameof(LbfgsOptions), value, 0); } = 1e-6;

    /// <summary>Ends the search when a step brings less than this part of max(|f|, 1); 0 for never.</summary>
    /// <value>At least 0; 0 unless set.</value>
    public double ValueTolerance { get; init => field = Require.AtLeast(nameof(LbfgsOptions), value, 0); }

    /// <summary>Steps at the most.</summary>
    /// <value>At least 0; 100 unless set.</value>
    public int MaxIterations { get; init => field = Require.AtLeast(nameof(LbfgsOptions), value, 0); } = 100;

    /// <summary>Evaluations of the function and its gradient at the most.</summary>
    /// <value>At least 1; 1000 unless set.</value>
    public int MaxEvaluations { get; init => field = Require.AtLeast(nameof(LbfgsOptions), value, 1); } = 1000;
}

/// <summary>Why a minimisation ended.</summary>
public enum LbfgsReason
{
    /// <summary>The gradient is as short as asked for.</summary>
    GradientTolerance,
    /// <summary>The last step brought less than asked for.</summary>
    ValueTolerance,
    /// <summary>The steps are used up.</summary>
    MaxIterations,
    /// <summary>The evaluations are used up.</summary>
    MaxEvaluations,
    /// <summary>No step brings enough: rounding has eaten the decrease, or the gradient is not the function's.</summary>
    LineSearchFailed,
}

/// <summary>What a minimisation has reached: the best point that was found is where the result was asked for.</summary>
/// <param name="Value">The function there.</param>
/// <param name="GradientNorm">The Euclidean length of the gradient there.</param>
/// <param name="Iterations">Steps taken.</param>
/// <param name="Evaluations">Evaluations of the function and its gradient.</param>
/// <param name="Reason">Why it ended.</param>
public sealed record LbfgsResult(double Value, double GradientNorm, int Iterations, int Evaluations, LbfgsReason Reason)
{
    /// <summary>Whether a tolerance was reached.</summary>
    public bool IsConverged => Reason is LbfgsReason.GradientTolerance or LbfgsReason.ValueTolerance;
}
