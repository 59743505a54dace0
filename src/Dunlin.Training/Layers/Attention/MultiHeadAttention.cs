using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>
/// Attention by several heads (Vaswani et al., 2017): queries, keys and values are linear in the input, each head attends with its part of them, and what the
/// heads give is joined and mapped once more. x[N, T, D] gives y[N, T, D]. Applied by itself, a sequence attends to itself; <see cref="Over"/> says what
/// else it attends to. Variables: weight[D, D] and bias[D] of query, key, value and output.
/// </summary>
public sealed class MultiHeadAttention : Layer
{
    private readonly int _heads;
    private readonly int? _queryBlock;
    private readonly Linear _query, _key, _value, _output;
    private readonly Dropout _dropout;
    private readonly int _features;

    /// <summary>Creates the layer.</summary>
    /// <param name="features">D, a multiple of the heads.</param>
    /// <param name="heads">At least 1.</param>
    /// <param name="causal">Whether a place sees only itself and those before it.</param>
    /// <param name="dropout">The probability with which a weight is dropped in training, from 0 up to, but not, 1.</param>
    /// <param name="bias">Whether the four maps add a bias.</param>
    /// <param name="queryBlock">How many places to treat at a time, by products and a softmax, see <see cref="AttentionOptions.QueryBlock"/>; null for attention that never holds all weights.</param>
    public MultiHeadAttention(int features, int heads, bool causal = false, double dropout = 0, bool bias = true, int? queryBlock = null)
    {
        Require.AtLeast(nameof(MultiHeadAttention), heads, 1);
        Require.AtLeast(nameof(MultiHeadAttention), features, 1);
        Require.That(nameof(MultiHeadAttention), features, features % heads == 0, $"a multiple of the {heads} heads");
        Linear Map(string name) => new(features, bias) { Name = name, WeightInitializer = Initializers.GlorotUniform(), BiasInitializer = Initializers.Zeros };
        (_features, _heads, IsCausal, _queryBlock) = (features, heads, causal, queryBlock);
        (_query, _key, _value, _output, _dropout) = (Map("query"), Map("key"), Map("value"), Map("output"), new(dropout) { Name = "dropout" });
    }

    /// <summary>Whether a place sees only itself and those before it.</summary>
    public bool IsCausal { get; }

    /// <summary>The same layer, with the same variables, that attends to given places.</summary>
    /// <param name="memory">Where keys and values come from, [N, S, M]; null for the layer's input.</param>
    /// <param name="lengths">How many places of the memory are real, integers[N]; null for all.</param>
    /// <param name="mask">Which places of the memory each place sees, or what to add to their scores; broadcasts to [N, heads, T, S].</param>
    public Layer Over(Value? memory = null, Value? lengths = null, Value? mask = null) => new View(this, memory, lengths, mask);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => Attend(context, input, input, null, null);

    private Value Attend(BuildContext context, Value input, Value memory, Value? lengths, Value? mask)
    {
        if (input.Shape.Rank != 3 || memory.Shape.Rank != 3) throw new ShapeException($"expected x[N, T, D] and a memory [N, S, M], got {input.Shape} and {memory.Shape}.");
        Value Heads(Value x) => x.ReshapeLastTwo(_heads, _features / _heads).Transpose(0, 2, 1, 3);
        var y = Heads(context.Apply(_query, input)).ScaledDotProductAttention(Heads(context.Apply(_key, memory)), Heads(context.Apply(_value, memory)), new()
        {
            Causal = IsCausal,
            KeyLengths = lengths,
            Mask = mask,
            QueryBlock = _queryBlock,
            DropWeights = _queryBlock is null ? _dropout.ForWeights(context, input) : null,
            Dropout = _queryBlock is null ? null : w => context.Apply(_dropout, w),
        });
        return context.Apply(_output, y.Transpose(0, 2, 1, 3).JoinLastTwo());
    }

    private sealed class View(MultiHeadAttention attention, Value? memory, Value? lengths, Value? mask) : Layer
    {
        internal override bool IsTransparent => true;

        protected internal override Value Build(BuildContext context, Value input) =>
            context.Within(attention, input, (c, x) => attention.Attend(c, x, memory ?? x, lengths, mask));
    }
}
