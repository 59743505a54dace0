using System.Reflection;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Documents;

/// <summary>An operation that neither a gradient check nor a golden case runs, in a function of small inputs.</summary>
internal sealed record Sample(string Operation, Func<IReadOnlyList<Value>, Value> Function, params Tensor[] Inputs);

/// <summary>The samples of every family: each static method here that returns them is found by itself.</summary>
internal static partial class Samples
{
    public static IEnumerable<Sample> All() => typeof(Samples).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        .Where(m => m.ReturnType == typeof(IEnumerable<Sample>)).OrderBy(m => m.Name, StringComparer.Ordinal).SelectMany(m => (IEnumerable<Sample>)m.Invoke(null, [])!);

    private static IEnumerable<Sample> Random()
    {
        foreach (var distribution in Enum.GetValues<Distribution>())
            yield return new("RandomFill", x => x[0].Graph.Add(new RandomFill(distribution, 0, 1, DType.Float64, [3, 5], 2, 9), [x[0]]), Tensor.Scalar(4L));
        yield return new("RandomIntegers", x => Operations.RandomIntegers(x[0], [3, 5], 2, 9, 0, 7), Tensor.Scalar(4L));
        yield return new("RandomPermutation", x => x[0].RandomPermutationLike(x[1], 2, 9), Signed(5, 2), Tensor.Scalar(4L));
        yield return new("RandomGamma", x => x[0].RandomGamma(x[1], 2, 9), Between(0.5, 3, 5), Tensor.Scalar(4L));
        yield return new("RandomPoisson", x => x[0].RandomPoisson(x[1], 2, 9), Between(0.5, 30, 5), Tensor.Scalar(4L));
        yield return new("RandomBinomial", x => Operations.RandomBinomial(x[0].Ceiling(), x[1], x[2], 2, 9), Between(0.5, 30, 5), Between(0, 1, 2, 1), Tensor.Scalar(4L));
        yield return new("Categorical", x => x[0].Categorical(3, x[1], 2, 9), Signed(2, 4), Tensor.Scalar(4L));
    }

    private static IEnumerable<Sample> Sequences()
    {
        var lengths = Integers([4, 2]);
        yield return new("CtcGreedyDecode", x => x[0].CtcGreedyDecode(x[1]).Labels, Distinct(2, 4, 3), lengths);
        yield return new("CtcBeamDecode", x => x[0].CtcBeamDecode(x[1], width: 3).Labels, Distinct(2, 4, 3), lengths);
        yield return new("CrfDecode", x => x[0].CrfDecode(x[1], x[2]).Labels, Distinct(2, 4, 3), Distinct(3, 3), lengths);
        yield return new("EditDistance", x => x[0].EditDistance(x[1], x[2], x[3]), Integers([1, 2, 3, 1, 2, 1, 0, 0], 2, 4), lengths, Integers([1, 3, 3, 2, 2, 1], 2, 3), Integers([3, 1]));
        yield return new("SequenceMask", x => x[0].SequenceMask(x[1]), lengths, Signed(2, 4, 3));
    }

    private static IEnumerable<Sample> Choices()
    {
        yield return new("CandidateSample", x => CandidateSampler.Uniform(6, 3).Draw(x[0], 1, 2).Classes, Tensor.Scalar(4L));
        yield return new("CandidateSample", x => CandidateSampler.LogUniform(6, 9, unique: false).Draw(x[0], 1, 2).Classes, Tensor.Scalar(4L));
        yield return new("CandidateSample", x => CandidateSampler.Unigram(x[1], 3).Draw(x[0], 1, 2).Classes, Tensor.Scalar(4L), Tensor.From([4.0, 1, 0, 2, 1]));
        yield return new("NonMaxSuppression", x => x[0].NonMaxSuppression(x[1], 5), Tensor.From([0.0, 0, 4, 4, 0, 1, 4, 5, 8, 8, 9, 9], [3, 4]), Tensor.From([0.5, 0.75, 0.25]));
    }

    private static IEnumerable<Sample> Lists()
    {
        yield return new("EmptyLists", x => TensorArray.Empty(x[0].Graph, x[0].TensorType).Append(x[0]).Stack(1), Signed(2));
        yield return new("ZeroList", x => TensorArray.Zeros(x[0], new(DType.Float64, [2])).Stack(), Tensor.Scalar(3L));
        yield return new("CountList", x => TensorArray.Unstack(x[0]).Count, Signed(3, 2));
    }

    private static IEnumerable<Sample> Queues()
    {
        static TensorQueue Numbers() => new("numbers", 4, new TensorType(DType.Float64, []));
        yield return new("Enqueue", x => Numbers().Enqueue(x[0]), Tensor.Scalar(4.0));
        yield return new("QueueSize", x => Numbers().Size(x[0].Graph), Tensor.Scalar(4.0));
        yield return new("CloseQueue", x => Numbers().Close(x[0].Graph), Tensor.Scalar(4.0));
        yield return new("Dequeue", x =>
        {
            var queue = Numbers();
            using (x[0].Graph.RunAfter(queue.Enqueue(x[0]))) return queue.Dequeue(x[0].Graph)[0];
        }, Tensor.Scalar(4.0));
    }
}
