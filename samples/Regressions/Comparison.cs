using System.Text;

namespace Dunlin.Samples.Regressions;

/// <summary>A set of coefficients and the mean loss of the data under it.</summary>
public sealed record Answer(string Method, IReadOnlyList<double> Coefficients, double Loss);

/// <summary>Two answers to one question, beside the truth that the data were made of.</summary>
/// <param name="Title">What was fitted, and the loss.</param>
/// <param name="Names">The coefficients' names.</param>
/// <param name="True">The coefficients that the data were made of, and their loss, which is that of the noise.</param>
/// <param name="Algebra">The answer of linear algebra.</param>
/// <param name="Descent">The answer of gradient descent.</param>
/// <param name="Steps">Steps of gradient descent until the gradient was practically zero.</param>
public sealed record Comparison(string Title, IReadOnlyList<string> Names, Answer True, Answer Algebra, Answer Descent, int Steps)
{
    /// <summary>The largest distance between the two answers' coefficients.</summary>
    public double LargestDifference => Names.Select((_, i) => Math.Abs(Algebra.Coefficients[i] - Descent.Coefficients[i])).Max();

    /// <summary>A table in Markdown.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{Title}; {Steps:N0} steps\n\n");
        text.Append($"| | {True.Method} | {Algebra.Method} | {Descent.Method} | difference |\n|---|---:|---:|---:|---:|\n");
        for (var i = 0; i < Names.Count; i++) text.Append(Row(Names[i], True.Coefficients[i], Algebra.Coefficients[i], Descent.Coefficients[i]));
        return text.Append(Row("loss", True.Loss, Algebra.Loss, Descent.Loss)).ToString();
    }

    private static string Row(string name, double known, double algebra, double descent) =>
        $"| {name} | {known:0.000000} | {algebra:0.000000} | {descent:0.000000} | {Math.Abs(descent - algebra):0.0e+0} |\n";
}
