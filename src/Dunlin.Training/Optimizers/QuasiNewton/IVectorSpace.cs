namespace Dunlin.Training;

/// <summary>
/// Vectors of one length, wherever they lie, by their numbers from 0, and a function over them: all that L-BFGS asks for (<see cref="LbfgsSearch"/>). So it runs where the vectors are one array each, and where every server of
/// many has a piece of each and only numbers travel (Sandblaster: Dean et al., 2012).
/// </summary>
public interface IVectorSpace
{
    /// <summary>target ← α · a + β · b; the target may be a or b. With β = 0, b is not read.</summary>
    void Combine(int target, double alpha, int a, double beta, int b);

    /// <summary>⟨a, b⟩ for each pair, summed in Float64.</summary>
    /// <param name="pairs">The numbers of the vectors.</param>
    /// <param name="results">As many.</param>
    void Dots(ReadOnlySpan<(int A, int B)> pairs, Span<double> results);

    /// <summary>The function at the point that is the vector <see cref="LbfgsSearch.Trial"/>.</summary>
    /// <param name="gradient">The number of the vector that takes the gradient there.</param>
    /// <returns>The value. Where it is not finite, or the gradient is not, the search comes back nearer.</returns>
    double Evaluate(int gradient);
}

/// <summary>What follows from <see cref="IVectorSpace"/>.</summary>
internal static class VectorSpaces
{
    /// <summary>⟨a, b⟩.</summary>
    public static double Dot(this IVectorSpace space, int a, int b)
    {
        Span<double> result = stackalloc double[1];
        space.Dots([(a, b)], result);
        return result[0];
    }

    /// <summary>target ← a.</summary>
    public static void Copy(this IVectorSpace space, int target, int a) => space.Combine(target, 1, a, 0, a);
}
