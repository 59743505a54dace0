using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>What stands in place of a layer's weights: they are computed from other variables. Immutable, so thread-safe.</summary>
public abstract class Reparameterization
{
    private protected Reparameterization() { }

    /// <summary>
    /// Directions and lengths apart (Salimans and Kingma, 2016): w = length · v / ‖v‖, a length for each output. Variables: weight_direction as the weights,
    /// weight_length [O], which starts with the directions' own lengths, so that w starts as the weights would.
    /// </summary>
    public static Reparameterization WeightNorm { get; } = new LengthsApart();

    /// <summary>
    /// Divided by the largest singular value (Miyato et al., 2018), estimated by power iteration from step to step in training. Variables: weight, and not trained
    /// weight_u [O].
    /// </summary>
    /// <param name="iterations">Steps of the power iteration for each step of training, at least 1.</param>
    public static Reparameterization SpectralNorm(int iterations = 1)
    {
        Require.AtLeast(nameof(SpectralNorm), iterations, 1);
        return new SpectrumApart(iterations);
    }

    /// <summary>The layer's weights, plain where there is no rule for them. The first dimension is the output's.</summary>
    internal static Value Weights(Reparameterization? rule, BuildContext context, Shape shape, Initializer initializer, DType type) =>
        rule is null ? context.Variable("weight", shape, initializer, type: type) : rule.Make(context, shape, initializer, type);

    private protected abstract Value Make(BuildContext context, Shape shape, Initializer initializer, DType type);

    private sealed class LengthsApart : Reparameterization
    {
        private protected override Value Make(BuildContext context, Shape shape, Initializer initializer, DType type)
        {
            var direction = context.Variable("weight_direction", shape, initializer, type: type);
            var lengths = context.Variable("weight_length", [shape[0]], new RowLengths(initializer, shape, Streams.Of(direction.Name)), type: type);
            return direction.Value.WeightNorm(lengths);
        }
    }

    private sealed class SpectrumApart(int iterations) : Reparameterization
    {
        private protected override Value Make(BuildContext context, Shape shape, Initializer initializer, DType type)
        {
            var weight = context.Variable("weight", shape, initializer, type: type);
            var u = context.Variable("weight_u", [shape[0]], Initializers.Normal(), trainable: false, type);
            // In inference one step from the last estimate: nothing is kept.
            var (normalized, better) = weight.Value.SpectralNorm(u, context.IsTraining ? iterations : 1);
            if (context.IsTraining) context.Update(u, better);
            return normalized;
        }
    }
}

/// <summary>The lengths of the rows with which another variable starts.</summary>
/// <param name="Rows">How the other starts.</param>
/// <param name="Shape">Its shape [O, …].</param>
/// <param name="Stream">Its stream.</param>
internal sealed record RowLengths(Initializer Rows, Shape Shape, ulong Stream) : Initializer
{
    public override void Fill(Tensor target, ulong seed, ulong stream)
    {
        var rows = Tensor.Uninitialized(target.Type, Shape);
        Rows.Fill(rows, seed, Stream);
        var (numbers, lengths) = (Elements.Read(rows), new double[Shape[0]]);
        for (var i = 0; i < numbers.Length; i++) lengths[i / (numbers.Length / lengths.Length)] += numbers[i] * numbers[i];
        foreach (ref var length in lengths.AsSpan()) length = Math.Sqrt(length);
        Elements.Write(target, 0, lengths);
    }
}
