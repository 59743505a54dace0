using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>
/// One block of a transformer (Vaswani et al., 2017): attention of a sequence to itself, then a network of two linear layers at each place, each added to what
/// came in. x[N, T, D] gives y[N, T, D]. With <see cref="NormalizesFirst"/>, z = x + a(norm(x)), y = z + f(norm(z)) (Xiong et al., 2020), else
/// z = norm(x + a(x)), y = norm(z + f(z)). Parts: attention, attention_norm, expand, contract, network_norm.
/// </summary>
public sealed class TransformerEncoderBlock : Layer
{
    private readonly MultiHeadAttention _attention;
    private readonly LayerNorm _attentionNorm = new() { Name = "attention_norm" };
    private readonly LayerNorm _networkNorm = new() { Name = "network_norm" };
    private readonly Linear _expand, _contract;
    private readonly Dropout _dropout;

    /// <summary>Creates the block.</summary>
    /// <param name="features">D, a multiple of the heads.</param>
    /// <param name="heads">At least 1.</param>
    /// <param name="hidden">The width between the two linear layers; 4 · D unless given.</param>
    /// <param name="dropout">The probability with which an element is dropped in training, from 0 up to, but not, 1.</param>
    /// <param name="causal">Whether a place sees only itself and those before it.</param>
    public TransformerEncoderBlock(int features, int heads, int? hidden = null, double dropout = 0, bool causal = false)
    {
        _attention = new(features, heads, causal, dropout) { Name = "attention" };
        (_expand, _contract) = (new(hidden ?? 4 * features) { Name = "expand" }, new(features) { Name = "contract" });
        _dropout = new(dropout) { Name = "dropout" };
    }

    /// <summary>Whether the normalisation stands before each part instead of after its sum.</summary>
    /// <value>True unless set: deep stacks then train without warming up.</value>
    public bool NormalizesFirst { get; init; } = true;

    /// <summary>The same block, with the same variables, for padded sequences.</summary>
    /// <param name="lengths">How many places are real, integers[N].</param>
    public Layer Within(Value lengths) => new View(this, lengths);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => Build(context, input, null);

    private Value Build(BuildContext context, Value x, Value? lengths)
    {
        var z = Around(context, x, _attentionNorm, v => context.Apply(_attention.Over(lengths: lengths), v));
        return Around(context, z, _networkNorm, v => context.Apply(_contract, context.Apply(_dropout, context.Apply(_expand, v).Gelu())));
    }

    private Value Around(BuildContext context, Value x, LayerNorm norm, Func<Value, Value> part) => NormalizesFirst
        ? x + context.Apply(_dropout, part(context.Apply(norm, x)))
        : context.Apply(norm, x + context.Apply(_dropout, part(x)));

    private sealed class View(TransformerEncoderBlock block, Value lengths) : Layer
    {
        internal override bool IsTransparent => true;

        protected internal override Value Build(BuildContext context, Value input) => context.Within(block, input, (c, x) => block.Build(c, x, lengths));
    }
}
