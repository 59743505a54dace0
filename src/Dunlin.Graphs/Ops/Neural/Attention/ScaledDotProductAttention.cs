namespace Dunlin.Graphs.Ops;

/// <summary>How queries may attend to keys.</summary>
public sealed record AttentionOptions
{
    /// <summary>Whether query i sees only keys 0 to i.</summary>
    public bool Causal { get; init; }

    /// <summary>
    /// Which keys a query sees (Bool: those where it holds), or what to add to its scores (floating-point, such as −∞ or a bias by distance).
    /// Broadcasts to the scores […, Q, K].
    /// </summary>
    public Value? Mask { get; init; }

    /// <summary>For padded keys, how many are real: integers[…], one for each matrix of keys. They broadcast from the first dimension, so that [N] fits keys [N, H, K, D].</summary>
    public Value? KeyLengths { get; init; }

    /// <summary>What scores are multiplied with; 1 / √D unless set.</summary>
    public double? Scale { get; init; }

    /// <summary>Which weights are dropped in training; null for none.</summary>
    public AttentionDropout? DropWeights { get; init; }

    /// <summary>Is applied to the weights, whatever it does with them. They are all alive at once then.</summary>
    public Func<Value, Value>? Dropout { get; init; }

    /// <summary>
    /// Computes with all weights of so many queries at a time, by simple operations: causal attention leaves out the keys that a block can't see.
    /// Needs a known number of queries. Null for the operation that never holds all weights, see <see cref="Attention"/>. Products (a block of at least the number of
    /// queries) take far more memory; with the kernels of oneDNN, where nothing is causal or dropped, they can be faster: decision 0010 has figures.
    /// </summary>
    /// <value>At least 1.</value>
    public int? QueryBlock { get; init => field = value is { } block ? Require.AtLeast(nameof(AttentionOptions), block, 1, nameof(QueryBlock)) : null; }
}

/// <summary>Dropout of attention's weights: each is 0 with probability rate and is else divided by 1 − rate.</summary>
/// <param name="Counter">An Int64 scalar such as the step's number.</param>
/// <param name="Rate">At least 0 and less than 1.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own, so that equal seeds drop different weights; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record AttentionDropout(Value Counter, double Rate, ulong Seed, uint Stream);

/// <summary>Attention.</summary>
public static partial class Operations
{
    /// <summary>
    /// Scaled dot-product attention (Vaswani et al., 2017): softmax(q · kᵀ / √D + mask) · v of q[…, Q, D], k[…, K, D] and v[…, K, E] with equal leading
    /// dimensions; y[…, Q, E]. A query that sees no key gets 0. It takes memory for q, k, v and y only, and so do its gradients (for q, k, v and an added mask),
    /// unless <see cref="AttentionOptions.Dropout"/> or <see cref="AttentionOptions.QueryBlock"/> is given; see <see cref="Attention"/>.
    /// </summary>
    /// <exception cref="ShapeException">The shapes or types do not fit.</exception>
    public static Value ScaledDotProductAttention(this Value query, Value key, Value value, AttentionOptions? options = null)
    {
        options ??= new();
        ShapeException Error(string expected) => new($"ScaledDotProductAttention({query.TensorType}, {key.TensorType}, {value.TensorType}): {expected}");
        if (query.Shape.Rank < 2 || query.Shape[^1] == Shape.Unknown) throw Error("takes queries […, Q, D] with a known D.");
        if (options.Mask is { } mask && mask.Type != DType.Bool && mask.Type != query.Type) throw Error($"the mask is Bool or {query.Type}, not {mask.Type}.");
        if (options.KeyLengths is { } lengths && lengths.Shape.Rank > query.Shape.Rank - 2) throw Error($"{lengths.TensorType} are more lengths than there are matrices of keys.");
        var scale = options.Scale ?? 1 / Math.Sqrt(Math.Max(1, query.Shape[^1]));
        if (options.Dropout is null && options.QueryBlock is null && Fused(query, key, value, scale, options) is { } fused) return fused;
        if (options.DropWeights is { Rate: > 0 } drop)
        {
            if (options.QueryBlock is not null) throw Error("weights are dropped by DropWeights for all queries at once: leave out QueryBlock.");
            var other = options.Dropout;
            options = options with { DropWeights = null, Dropout = w => (other?.Invoke(w) ?? w).Dropout(drop.Counter, drop.Rate, drop.Seed, drop.Stream) };
        }
        // Scaling the queries costs less than scaling the scores.
        var scaled = query * scale;
        if (options.QueryBlock is not { } block || (query.Shape[^2] is var queries && queries != Shape.Unknown && queries <= block))
            return Attend(scaled, key, value, options, options.Mask, first: 0);
        if (queries == Shape.Unknown) throw Error("blocks of queries need a known number of queries.");
        return Concat([.. Enumerable.Range(0, (queries + block - 1) / block).Select(i =>
        {
            var (begin, end) = (i * block, Math.Min(queries, (i + 1) * block));
            var part = options.Mask is { Shape.Rank: >= 2 } m && m.Shape[^2] != 1 ? Columns(m, -2, begin, end) : options.Mask;
            if (!options.Causal || key.Shape[^2] == Shape.Unknown) return Attend(Columns(scaled, -2, begin, end), key, value, options, part, begin);
            var seen = Math.Min(end, key.Shape[^2]);
            if (part is { Shape.Rank: >= 1 } && part.Shape[^1] != 1) part = Columns(part, -1, 0, seen);
            return Attend(Columns(scaled, -2, begin, end), Columns(key, -2, 0, seen), Columns(value, -2, 0, seen), options, part, begin, key);
        })], -2);
    }

    /// <summary>The operation that never holds all weights; null where operands broadcast in a way that it does not take.</summary>
    private static Value? Fused(Value query, Value key, Value value, double scale, AttentionOptions options)
    {
        var drop = options.DropWeights is { Rate: > 0 } d ? d : null;
        var form = new AttentionForm(scale, options.Causal, options.Mask is not null, options.KeyLengths is not null, drop is null ? null : new(drop.Rate, drop.Seed, drop.Stream));
        var lengths = options.KeyLengths;
        if (lengths?.Type is DType.Int64) lengths = lengths.Cast(DType.Int32);
        Value[] inputs = [.. new[] { query, key, value, options.Mask, lengths, drop?.Counter }.OfType<Value>()];
        return form.Problem([.. inputs.Select(i => i.TensorType)]) is null ? query.Graph.Add(new Attention(form), inputs) : null;
    }

    /// <summary>One block of queries, by simple operations.</summary>
    internal static Value Attend(Value scaled, Value key, Value value, AttentionOptions options, Value? mask, int first, Value? allKeys = null)
    {
        var (scores, seen, someUnseen) = Scores(scaled, key, options, mask, first, allKeys);
        if (seen is null) return Finish(scores.Softmax());
        var weights = Select(seen, scores, scores.Lowest()).Softmax();
        return Finish(someUnseen ? Select(seen, weights, weights.Number(0)) : weights);

        Value Finish(Value w) => (options.Dropout?.Invoke(w) ?? w).MatMul(value);
    }

    /// <summary>The scores of one block of queries, which keys they see (null for all), and whether some query may see none.</summary>
    internal static (Value Scores, Value? Seen, bool SomeUnseen) Scores(Value scaled, Value key, AttentionOptions options, Value? mask, int first, Value? allKeys = null)
    {
        var scores = scaled.MatMul(key, transposeB: true);
        if (mask is { } added && added.Type != DType.Bool) scores += added;
        var seen = mask is { Type: DType.Bool } ? mask : null;
        var someUnseen = seen is not null;
        void Restrict(Value more) => seen = seen is null ? more : seen & more;
        if (options.Causal) Restrict(scores.Graph.Add(new CausalMask(first), [scores]));
        if (options.KeyLengths is { } lengths)
        {
            var real = lengths.SequenceMask(allKeys ?? key, -2);
            if (allKeys is not null) real = Columns(real, -1, 0, key.Shape[^2]);
            for (var d = lengths.Shape.Rank; d < scores.Shape.Rank - 1; d++) real = real.ExpandDims(-2);
            Restrict(real);
            someUnseen = true;
        }
        return (scores, seen, someUnseen);
    }

    /// <summary>What stands for a score that is not seen. The lowest number instead of −∞: rows without any key would be NaN.</summary>
    internal static Value Lowest(this Value scores) => scores.Number(scores.Type == DType.Float16 ? -65504 : -3e38);

    private static Value Columns(Value x, int axis, int begin, int end)
    {
        var slicings = Enumerable.Repeat(Slicing.All, x.Shape.Rank).ToArray();
        slicings[axis + x.Shape.Rank] = begin..end;
        return x.StridedSlice(slicings);
    }
}
