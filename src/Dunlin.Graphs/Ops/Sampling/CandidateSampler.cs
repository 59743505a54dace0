namespace Dunlin.Graphs.Ops;

/// <summary>Draws classes to compare the right ones with, where there are too many classes to compare with all.</summary>
public sealed record CandidateSampler
{
    private CandidateSampler(CandidateDistribution distribution, int classes, int count, bool unique, Value? counts)
    {
        Require.AtLeast(nameof(CandidateSampler), classes, 1);
        Require.AtLeast(nameof(CandidateSampler), count, 0);
        (Distribution, Classes, Count, IsUnique, Counts) = (distribution, classes, count, unique, counts);
    }

    /// <summary>How classes are drawn.</summary>
    public CandidateDistribution Distribution { get; }

    /// <summary>How many classes there are.</summary>
    public int Classes { get; }

    /// <summary>How many are drawn.</summary>
    public int Count { get; }

    /// <summary>Whether they are different from each other.</summary>
    public bool IsUnique { get; }

    /// <summary>The classes' counts; null unless they are drawn by them.</summary>
    public Value? Counts { get; }

    /// <summary>All classes alike.</summary>
    public static CandidateSampler Uniform(int classes, int count, bool unique = true) => new(CandidateDistribution.Uniform, classes, count, unique, null);

    /// <summary>Near Zipf's law, for classes in falling order of frequency; see <see cref="CandidateDistribution.LogUniform"/>.</summary>
    public static CandidateSampler LogUniform(int classes, int count, bool unique = true) => new(CandidateDistribution.LogUniform, classes, count, unique, null);

    /// <summary>
    /// In proportion to counts[C] (floating-point): a constant for a fixed distribution, or a variable that is learned by adding the counts of each batch's
    /// classes (<see cref="Operations.Bincount(Value, int)"/>).
    /// </summary>
    public static CandidateSampler Unigram(Value counts, int count, bool unique = true) => counts.Shape.Rank == 1 && counts.Shape.IsKnown
        ? new(CandidateDistribution.Unigram, counts.Shape[0], count, unique, counts)
        : throw new ShapeException($"A unigram sampler takes counts[C] of known length, not {counts}.");

    /// <summary>The classes drawn at a step.</summary>
    /// <param name="counter">An Int64 scalar that is another at each step.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A number of the place's own.</param>
    /// <returns>Classes Int64[S], and how many draws it took, an Int64 scalar.</returns>
    public (Value Classes, Value Draws) Draw(Value counter, ulong seed, uint stream)
    {
        var operation = new CandidateSample(Distribution, Classes, Count, IsUnique, seed, stream);
        var outputs = counter.Graph.AddNode(operation, Counts is null ? [counter] : [counter, Counts]).Outputs;
        return (outputs[0], outputs[1]);
    }

    /// <summary>
    /// How often some classes are expected among those drawn: S · q, or where they are different from each other 1 − (1 − q)^draws, with q their probability in
    /// one draw. Not differentiated.
    /// </summary>
    /// <param name="classes">Class numbers […] (Int32 or Int64).</param>
    /// <param name="draws">As <see cref="Draw"/> returns.</param>
    /// <param name="type">The element type of the result.</param>
    public Value ExpectedCounts(Value classes, Value draws, DType type = DType.Float32)
    {
        var wide = type == DType.Float64 ? type : DType.Float32;
        var q = Probabilities(classes, wide);
        var expected = IsUnique ? -(draws.Cast(wide) * (-q).Log1p()).Expm1() : q * Count;
        return expected.Cast(type).StopGradient();
    }

    private Value Probabilities(Value classes, DType type)
    {
        switch (Distribution)
        {
            case CandidateDistribution.Uniform: return classes.Cast(type).FillLike(classes.Graph.Constant(1.0 / Classes, type));
            // log(k + 2) − log(k + 1) without cancellation.
            case CandidateDistribution.LogUniform: return (1 / (classes.Cast(type) + 1)).Log1p() * (1 / Math.Log(Classes + 1.0));
            default:
                var counts = Counts!.Cast(type);
                return counts.Gather(classes) / counts.Sum();
        }
    }
}
