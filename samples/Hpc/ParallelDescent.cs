using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Samples.Hpc;

/// <summary>(d) Data parallel SGD, the whole of it: every rank runs this same program.</summary>
public static class ParallelDescent
{
    /// <summary>Walks for some steps.</summary>
    /// <param name="ranks">All ranks; this one is <c>ranks.Rank</c> of <c>ranks.Size</c>.</param>
    /// <param name="problem">Equal on all ranks.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="batchSize">Examples of one step, over all ranks.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="seed">Equal on all ranks.</param>
    /// <returns>The weights, the same on all ranks to the last bit.</returns>
    public static double[] Walk(ICommunicator ranks, LeastSquares problem, double rate, int batchSize, int steps, ulong seed)
    {
        var w = new double[problem.Inputs];
        var gradient = Tensor.Zeros(DType.Float64, [problem.Inputs]);
        for (var step = 0; step < steps; step++)
        {
            // 1. Everybody knows the whole batch, and takes a part of it. Parts may differ in size by one.
            var batch = problem.Batch(batchSize, step, seed);
            var mine = batch.AsSpan(batchSize * ranks.Rank / ranks.Size, batchSize * (ranks.Rank + 1) / ranks.Size - batchSize * ranks.Rank / ranks.Size);

            // 2. The part's share of the batch's gradient: weighted by the whole batch, not by the part.
            gradient.Span<double>().Clear();
            problem.AddGradient(w, mine, 1.0 / batchSize, gradient.Span<double>());

            // 3. The sum over all ranks. This is all that is ever sent.
            ranks.AllReduce(gradient);

            // 4. Everybody makes the same step. Nobody holds "the" weights, and so nobody is a bottleneck.
            for (var j = 0; j < w.Length; j++) w[j] -= rate * gradient.Span<double>()[j];
        }
        return w;
    }
}
