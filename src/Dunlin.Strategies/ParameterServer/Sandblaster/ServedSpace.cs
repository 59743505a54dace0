using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// The vectors of a search, of which each server has a part, as worker 0 sees them. What needs no answer waits until something does, and goes with that: a step of the two-loop recursion is one exchange of numbers.
/// </summary>
/// <param name="links">The servers.</param>
/// <param name="evaluate">Computes pieces until all are done, with those who help.</param>
internal sealed class ServedSpace(IReadOnlyList<ServerLink> links, Action evaluate) : IVectorSpace
{
    private readonly VectorProgram _program = new();

    /// <summary>How many pieces an evaluation has, and how many numbers each gives.</summary>
    public (int Pieces, int Measures) Work { get; set; }

    /// <summary>What was measured in the last evaluation, over all pieces.</summary>
    public double[] Measures { get; private set; } = [];

    public void Combine(int target, double alpha, int a, double beta, int b) => _program.Combine(target, alpha, a, beta, b);

    public void Dots(ReadOnlySpan<(int A, int B)> pairs, Span<double> results)
    {
        foreach (var (a, b) in pairs) _program.Dot(a, b);
        results.Clear();
        foreach (var part in Flush())
            for (var i = 0; i < results.Length; i++) results[i] += part[i];
    }

    public double Evaluate(int gradient)
    {
        _program.Evaluate(gradient, Work.Pieces, Work.Measures);
        Flush();
        evaluate();
        _program.Measure(Work.Measures);
        Measures = Flush()[0];
        return Measures[0];
    }

    /// <summary>How many evaluations the servers have begun.</summary>
    public long Evaluations()
    {
        _program.Count();
        return (long)Flush()[0][0];
    }

    /// <summary>Tells all that there are no pieces any more.</summary>
    public void End()
    {
        _program.End();
        Flush();
    }

    /// <summary>Has all servers do what is to be done: server 0 when the others have, since it then lets workers begin.</summary>
    /// <returns>What each gives.</returns>
    public double[][] Flush()
    {
        if (_program.IsEmpty) return [];
        var program = _program.ToTensor();
        var results = links.Select(_ => Tensor.Uninitialized(DType.Float64, [VectorProgram.ResultsOf(program)])).ToArray();
        _program.Clear();
        for (var i = 1; i < links.Count; i++) links[i].Run(program, results[i]);
        for (var i = 1; i < links.Count; i++) links[i].Receive();
        links[0].Run(program, results[0]);
        links[0].Receive();
        return [.. results.Select(r => r.ToArray<double>())];
    }
}
