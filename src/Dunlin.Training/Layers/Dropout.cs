using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>In training, each element becomes 0 with probability rate and is otherwise divided by 1 − rate (Srivastava et al., 2014); in inference, y = x.</summary>
public sealed class Dropout : Layer
{
    private readonly double _rate;

    /// <summary>Creates the layer.</summary>
    /// <param name="rate">From 0 up to, but not, 1.</param>
    public Dropout(double rate = 0.5)
    {
        Require.Below(nameof(Dropout), rate, 0, 1);
        _rate = rate;
    }

    /// <summary>The same for the weights of an attention, which it drops itself; null in inference.</summary>
    internal AttentionDropout? ForWeights(BuildContext context, Value input)
    {
        AttentionDropout? drop = null;
        context.Within(this, input, (c, x) =>
        {
            if (c.IsTraining && _rate > 0) drop = new(c.Counter, _rate, c.Seed, c.NextStream());
            return x;
        });
        return drop;
    }

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => context.IsTraining && _rate > 0
        ? input.Dropout(context.Counter, _rate, context.Seed, context.NextStream())
        : input;
}
