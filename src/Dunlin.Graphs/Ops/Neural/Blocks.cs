namespace Dunlin.Graphs.Ops;

/// <summary>Each element repeated along each dimension: y[i, j, …] = x[⌊i / fᵢ⌋, ⌊j / fⱼ⌋, …], enlargement by the nearest neighbour. All element types.</summary>
/// <remarks>Gradient: the sum of dy over the repetitions.</remarks>
/// <param name="Factors">How often along each dimension, at least 0.</param>
/// <exception cref="ShapeException">There is not one factor for each dimension.</exception>
public sealed record RepeatElements(Axes Factors) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var x = inputs[0].Shape;
        if (Factors.Values.Length != x.Rank || Factors.Values.Any(f => f < 0)) throw Mismatch(inputs, $"takes a factor, at least 0, for each of {x.Rank} dimensions; got {Factors}.");
        return Shape.Create([.. x.Dimensions.ToArray().Select((n, d) => n == Shape.Unknown ? Shape.Unknown : checked(n * Factors.Values[d]))]);
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) =>
        [.. Enumerable.Range(0, input.Rank).Select(d => Enumerable.Range(0, output[d]).Select(i => i / Factors.Values[d]).ToArray())];
}

/// <summary>
/// Deals the channels of each group to all groups (Zhang et al., 2018): with C = groups · m, channel (g, i) of x[N, C, …] becomes channel (i, g) of y.
/// All element types.
/// </summary>
/// <remarks>Gradient: the channels of dy dealt back.</remarks>
/// <exception cref="ShapeException">The channels can't be divided into the groups.</exception>
internal sealed record ChannelShuffle(int Groups) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var x = inputs[0].Shape;
        return x.Rank >= 2 && Groups >= 1 && (x[1] == Shape.Unknown || x[1] % Groups == 0) ? x : throw Mismatch(inputs, $"takes x[N, C, …] whose channels can be divided into {Groups} groups.");
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) =>
        Only(input, 1, [.. Enumerable.Range(0, input[1]).Select(c => c % Groups * (input[1] / Groups) + c / Groups)]);
}

/// <summary>
/// Moves of elements between space, channels and batch, of x[N, C, S…] with any number of spatial dimensions and all element types. All lengths but N
/// are known. Each is a transposition, so their gradients are, too.
/// </summary>
public static partial class Operations
{
    /// <summary>Enlarges the spatial dimensions by whole factors, by the nearest neighbour: x[N, C, S…] gives y[N, C, S · factor…].</summary>
    /// <param name="x">x[N, C, S…].</param>
    /// <param name="factors">One for all spatial dimensions or one for each, at least 1.</param>
    public static Value UpsampleNearest(this Value x, params int[] factors)
    {
        var spatial = Math.Max(0, x.Shape.Rank - 2);
        if (factors.Length == 1) factors = [.. Enumerable.Repeat(factors[0], spatial)];
        return x.Graph.Add(new RepeatElements(new Axes([1, 1, .. factors])), [x]);
    }

    /// <summary>
    /// Blocks of space as channels: x[N, C, S…] gives y[N, blockᴰ · C, S / block…], channel (k, c) of which is element k (row-major) of each block of channel c,
    /// as in TensorFlow and ONNX.
    /// </summary>
    /// <exception cref="ShapeException">A spatial length is unknown or can't be divided by the block.</exception>
    public static Value SpaceToDepth(this Value x, int block)
    {
        var (c, s) = Known(x, "SpaceToDepth");
        return Blocked(x, block, "SpaceToDepth").Transpose([0, .. Inner(s), 1, .. Outer(s)]).Reshape(Shape.Of(-1, Length((double)c * Power(block, s, nameof(SpaceToDepth)), nameof(SpaceToDepth))).Append(Divided(x, block)));
    }

    /// <summary>The inverse of <see cref="SpaceToDepth"/>: x[N, blockᴰ · C, S…] gives y[N, C, S · block…].</summary>
    /// <exception cref="ShapeException">A spatial length is unknown or the channels can't be divided by blockᴰ.</exception>
    public static Value DepthToSpace(this Value x, int block)
    {
        var (c, s) = Channels(x, block, "DepthToSpace");
        var split = x.Reshape(Shape.Of(-1).Append([.. Enumerable.Repeat(block, s)]).Append(c).Append(x.Shape.Dimensions[2..]));
        return split.Transpose([0, 1 + s, .. Enumerable.Range(0, s).SelectMany(d => new[] { 2 + s + d, 1 + d })]).Reshape(Multiplied(x, c, block, nameof(DepthToSpace)));
    }

    /// <summary>
    /// Channels as blocks of space: x[N, C · factorᴰ, S…] gives y[N, C, S · factor…], element k of whose blocks is channel (c, k) of x
    /// (Shi et al., 2016), as in PyTorch. <see cref="DepthToSpace"/> orders the channels the other way round.
    /// </summary>
    /// <exception cref="ShapeException">A spatial length is unknown or the channels can't be divided by factorᴰ.</exception>
    public static Value PixelShuffle(this Value x, int factor)
    {
        var (c, s) = Channels(x, factor, "PixelShuffle");
        var split = x.Reshape(Shape.Of(-1, c).Append([.. Enumerable.Repeat(factor, s)]).Append(x.Shape.Dimensions[2..]));
        return split.Transpose([0, 1, .. Enumerable.Range(0, s).SelectMany(d => new[] { 2 + s + d, 2 + d })]).Reshape(Multiplied(x, c, factor, nameof(PixelShuffle)));
    }

    /// <summary>The inverse of <see cref="PixelShuffle"/>: x[N, C, S…] gives y[N, C · factorᴰ, S / factor…].</summary>
    /// <exception cref="ShapeException">A spatial length is unknown or can't be divided by the factor.</exception>
    public static Value PixelUnshuffle(this Value x, int factor)
    {
        var (c, s) = Known(x, "PixelUnshuffle");
        return Blocked(x, factor, "PixelUnshuffle").Transpose([0, 1, .. Inner(s), .. Outer(s)]).Reshape(Shape.Of(-1, Length((double)c * Power(factor, s, nameof(PixelUnshuffle)), nameof(PixelUnshuffle))).Append(Divided(x, factor)));
    }

    /// <summary>
    /// Pads the spatial dimensions with zeros and makes examples of their blocks' elements: x[N, C, S…] gives y[blockᴰ · N, C, (S + before + after) / block…],
    /// example (k, n) of which is element k (row-major) of each block of example n, as in TensorFlow. A convolution of it is a dilated one of x.
    /// </summary>
    /// <param name="x">x[N, C, S…].</param>
    /// <param name="block">The blocks' length in each dimension, at least 1.</param>
    /// <param name="before">Zeros before each spatial dimension; none unless given.</param>
    /// <param name="after">Zeros after each spatial dimension; none unless given.</param>
    /// <exception cref="ShapeException">A padded spatial length is unknown or can't be divided by the block.</exception>
    public static Value SpaceToBatch(this Value x, int block, int[]? before = null, int[]? after = null)
    {
        var (c, s) = Known(x, "SpaceToBatch");
        if (before is not null || after is not null) x = x.Pad([0, 0, .. Margins(before, s, nameof(SpaceToBatch))], [0, 0, .. Margins(after, s, nameof(SpaceToBatch))]);
        return Blocked(x, block, "SpaceToBatch").Transpose([.. Inner(s), 0, 1, .. Outer(s)]).Reshape(Shape.Of(-1, c).Append(Divided(x, block)));
    }

    /// <summary>The inverse of <see cref="SpaceToBatch"/>: x[blockᴰ · N, C, S…] gives y[N, C, S · block − before − after…].</summary>
    /// <param name="x">x[blockᴰ · N, C, S…].</param>
    /// <param name="block">The blocks' length in each dimension, at least 1.</param>
    /// <param name="before">Elements to cut off before each spatial dimension; none unless given.</param>
    /// <param name="after">Elements to cut off after each spatial dimension; none unless given.</param>
    /// <exception cref="ShapeException">A spatial length is unknown or the examples can't be divided by blockᴰ.</exception>
    public static Value BatchToSpace(this Value x, int block, int[]? before = null, int[]? after = null)
    {
        var (c, s) = Known(x, "BatchToSpace");
        Require.AtLeast(nameof(BatchToSpace), block, 1);
        var n = x.Shape[0];
        if (n != Shape.Unknown && n % Power(block, s, nameof(BatchToSpace)) != 0) throw new ShapeException($"BatchToSpace({x}): {n} examples can't be divided by {Power(block, s, nameof(BatchToSpace))}, the elements of a block.");
        var split = x.Reshape(Shape.Create([.. Enumerable.Repeat(block, s)]).Append(-1, c).Append(x.Shape.Dimensions[2..]));
        var y = split.Transpose([s, s + 1, .. Enumerable.Range(0, s).SelectMany(d => new[] { s + 2 + d, d })]).Reshape(Multiplied(x, c, block, nameof(BatchToSpace)));
        if (before is null && after is null) return y;
        var (first, last) = (Margins(before, s, nameof(BatchToSpace)), Margins(after, s, nameof(BatchToSpace)));
        for (var d = 0; d < s; d++)
            if ((long)first[d] + last[d] > y.Shape[d + 2]) throw new ShapeException($"BatchToSpace({x}): {first[d]} and {last[d]} elements can't be cut off spatial dimension {d}, of length {y.Shape[d + 2]}.");
        return y.StridedSlice([Slicing.All, Slicing.All, .. Enumerable.Range(0, s).Select(d => new Slicing(first[d], y.Shape[d + 2] - last[d]))]);
    }

    /// <inheritdoc cref="Ops.ChannelShuffle"/>
    public static Value ChannelShuffle(this Value x, int groups) => x.Graph.Add(new ChannelShuffle(groups), [x]);

    private static int[] Outer(int s) => [.. Enumerable.Range(0, s).Select(d => 2 + 2 * d)];

    private static int[] Inner(int s) => [.. Enumerable.Range(0, s).Select(d => 3 + 2 * d)];

    private static int[] Divided(Value x, int block) => [.. x.Shape[2..].Dimensions.ToArray().Select(n => n / block)];

    private static Shape Multiplied(Value x, int channels, int block, string operation) => Shape.Of(-1, channels).Append([.. x.Shape[2..].Dimensions.ToArray().Select(n => Length((double)n * block, operation))]);

    private static int Power(int block, int dimensions, string operation)
    {
        var power = 1;
        for (var d = 0; d < dimensions; d++) power = Length((double)power * block, operation);
        return power;
    }

    /// <summary>A number of at least 0 for each spatial dimension; zeros where there are none.</summary>
    private static int[] Margins(int[]? margins, int spatial, string operation) => margins is null ? new int[spatial]
        : margins.Length == spatial && margins.All(m => m >= 0) ? margins
        : throw new ShapeException($"{operation}: before and after have {spatial} numbers of at least 0, not [{string.Join(", ", margins)}].");

    /// <summary>x[N, C, S / block, block, …].</summary>
    private static Value Blocked(Value x, int block, string operation)
    {
        Require.AtLeast(operation, block, 1);
        foreach (var length in x.Shape[2..])
            if (length % block != 0) throw new ShapeException($"{operation}({x}): spatial lengths {x.Shape[2..]} can't be divided by {block}.");
        return x.Reshape(Shape.Of(-1, x.Shape[1]).Append([.. x.Shape[2..].Dimensions.ToArray().SelectMany(n => new[] { n / block, block })]));
    }

    private static (int Channels, int Spatial) Known(Value x, string operation) => x.Shape.Rank >= 3 && x.Shape[1..].IsKnown
        ? (x.Shape[1], x.Shape.Rank - 2)
        : throw new ShapeException($"{operation}({x}): takes x[N, C, S…], all of whose lengths but N are known.");

    /// <summary>The channels that are left, and the number of spatial dimensions.</summary>
    private static (int Channels, int Spatial) Channels(Value x, int block, string operation)
    {
        var (c, s) = Known(x, operation);
        Require.AtLeast(operation, block, 1);
        var elements = Power(block, s, operation);
        return c % elements == 0 ? (c / elements, s) : throw new ShapeException($"{operation}({x}): {c} channels can't be divided by {elements}, the elements of a block.");
    }
}
