using Dunlin.Samples.Regressions;
using Dunlin.Training;

namespace Dunlin.Samples.Tests;

public class RegressionsTests
{
    public static TheoryData<ulong> Seeds => [1, 2, 3];

    /// <summary>Linear algebra and descent share neither code nor method; where they minimise the same loss, they meet.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void Descent_ends_where_linear_algebra_says(ulong seed)
    {
        foreach (var comparison in Run(seed).Where(c => c.Algebra.Method != "normal equations of log y"))
            Assert.True(comparison.LargestDifference < 1e-5, comparison.ToString());
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Both_answers_fit_better_than_the_truth_and_lie_near_it(ulong seed)
    {
        foreach (var comparison in Run(seed))
        {
            Assert.True(comparison.Descent.Loss < comparison.True.Loss, comparison.ToString());
            for (var i = 0; i < comparison.Names.Count; i++)
                Assert.True(Math.Abs(comparison.Descent.Coefficients[i] - comparison.True.Coefficients[i]) < 1, comparison.ToString());
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Logarithms_minimise_another_error_than_that_of_y(ulong seed)
    {
        var comparison = ExponentialRegression.Run(seed)[0];
        Assert.True(comparison.Algebra.Loss > comparison.Descent.Loss + 1e-7, comparison.ToString());
        Assert.InRange(comparison.LargestDifference, 1e-4, 0.2);
    }

    [Fact]
    public void Descent_that_does_not_converge_says_so()
    {
        var error = Assert.Throws<DunlinException>(() => GradientDescent.Minimize([1.0], w => Losses.Squared(w, w.Graph.Constant(Tensors.Tensor.From([3.0]))), Optimizers.Sgd(1e-4), maxSteps: 10));
        Assert.Contains("after 10 steps", error.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<Comparison> Run(ulong seed) => AllRegressions.Run(seed);
}
