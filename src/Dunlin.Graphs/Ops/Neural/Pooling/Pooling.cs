namespace Dunlin.Graphs.Ops;

/// <summary>Poolings besides those of <see cref="Pool"/>.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.MaxPoolWithIndices"/>
    public static (Value Y, Value Indices) MaxPoolWithIndices(this Value x, Shape window, Sliding sliding) => Both(x.Graph.AddNode(new MaxPoolWithIndices(window, sliding), [x]));

    /// <inheritdoc cref="Ops.MaxUnpool"/>
    public static Value MaxUnpool(this Value x, Value indices, Shape size) => x.Graph.Add(new MaxUnpool(size), [x, indices]);

    /// <inheritdoc cref="Ops.AdaptiveAveragePool"/>
    public static Value AdaptiveAveragePool(this Value x, Shape size) => x.Graph.Add(new AdaptiveAveragePool(size), [x]);

    /// <inheritdoc cref="Ops.AdaptiveMaxPool"/>
    public static (Value Y, Value Indices) AdaptiveMaxPool(this Value x, Shape size) => Both(x.Graph.AddNode(new AdaptiveMaxPool(size), [x]));

    /// <inheritdoc cref="Ops.FractionalMaxPool"/>
    /// <param name="x">x[N, C, S…].</param>
    /// <param name="random">u[N, C, D] in [0, 1).</param>
    /// <param name="window">The windows.</param>
    /// <param name="size">The spatial lengths of the output.</param>
    public static (Value Y, Value Indices) FractionalMaxPool(this Value x, Value random, Shape window, Shape size) => Both(x.Graph.AddNode(new FractionalMaxPool(window, size), [x, random]));

    /// <summary>As <see cref="FractionalMaxPool(Value, Value, Shape, Shape)"/>, with numbers that depend on (seed, stream, counter) alone.</summary>
    /// <param name="x">x[N, C, S…].</param>
    /// <param name="counter">An Int64 scalar such as the step's number.</param>
    /// <param name="window">The windows.</param>
    /// <param name="size">The spatial lengths of the output.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
    public static (Value Y, Value Indices) FractionalMaxPool(this Value x, Value counter, Shape window, Shape size, ulong seed, uint stream)
    {
        if (x.Shape.Rank < 3) throw new ShapeException($"FractionalMaxPool takes x[N, C, S…], got {x}.");
        var like = x.Mean(Spatial(x)).ExpandDims(-1).BroadcastTo([Shape.Unknown, Shape.Unknown, size.Rank]);
        return x.FractionalMaxPool(like.RandomUniformLike(counter, seed, stream), window, size);
    }

    /// <summary>
    /// Fractional average pooling: the means of the windows whose maxima are <see cref="FractionalMaxPool(Value, Value, Shape, Shape)"/>. x[N, C, S…], of known spatial lengths, gives y[N, C, Size…].
    /// Gradient: that of the formula for x; none for the random numbers, on which the result depends in steps.
    /// </summary>
    /// <param name="x">x[N, C, S…].</param>
    /// <param name="random">u[N, C, D] in [0, 1).</param>
    /// <param name="window">The windows.</param>
    /// <param name="size">The spatial lengths of the output.</param>
    /// <exception cref="ShapeException">The attributes or the numbers do not fit x.</exception>
    public static Value FractionalAveragePool(this Value x, Value random, Shape window, Shape size)
    {
        // The shape rule is that of the maximum.
        var y = new FractionalMaxPool(window, size).Infer([x.TensorType, random.TensorType])[0].Shape;
        var lengths = x.Shape[2..];
        if (!lengths.IsKnown) throw new ShapeException($"FractionalAveragePool takes x[N, C, S…] with known spatial lengths, not {x}.");
        // 16 bits would not hold the places.
        var u = random.StopGradient().Cast(DType.Float64);
        Value? first = null;
        for (var d = 0; d < size.Rank; d++)
        {
            var (last, alpha) = (lengths[d] - window[d], size[d] > 1 ? (double)(lengths[d] - window[d]) / (size[d] - 1) : 0);
            var own = u.StridedSlice(Slicing.All, Slicing.All, d..(d + 1));
            var numbers = x.Graph.Range(0, size[d], type: DType.Float64);
            // Rounding, or a number outside [0, 1), must not lead outside the plane; the last window ends with it.
            var starts = (((own + numbers) * alpha).Floor() - (own * alpha).Floor()).Clip(0, last);
            starts = Select(numbers < size[d] - 1, starts, starts.Number(last)) * lengths[(d + 1)..].ElementCount;
            for (var other = 0; other < size.Rank; other++)
                if (other != d) starts = starts.ExpandDims(other < d ? 2 : -1);
            first = first is null ? starts : first + starts;
        }
        var (places, flat) = (first!.Cast(DType.Int64).Flatten(2), x.Flatten(2));
        Value? sum = null;
        for (var tap = 0L; tap < window.ElementCount; tap++)
        {
            var (offset, rest) = (0L, tap);
            for (var d = window.Rank - 1; d >= 0; rest /= window[d], d--) offset += rest % window[d] * lengths[(d + 1)..].ElementCount;
            var read = flat.TakeAlong(places + offset);
            sum = sum is null ? read : sum + read;
        }
        return (sum! * (1.0 / window.ElementCount)).Reshape(y.With(0, Shape.Unknown));
    }

    /// <summary>The sum of each window, padding counted as zeros: x[N, C, S…] gives y[N, C, T…].</summary>
    public static Value SumPool(this Value x, Shape window, Sliding sliding) => x.AveragePool(window, sliding, includePadding: true) * window.ElementCount;

    /// <summary>
    /// (Σ |x|ᵖ)^(1/p) over each window: x[N, C, S…] gives y[N, C, T…]. p = 1 sums magnitudes; large p comes near the maximum of them. Where a window holds
    /// zeros only and p &gt; 1, the gradient is not defined.
    /// </summary>
    /// <param name="x">x[N, C, S…] with 1 to 3 spatial dimensions.</param>
    /// <param name="p">Greater than 0.</param>
    /// <param name="window">The window.</param>
    /// <param name="sliding">How it moves; padding counts as zeros.</param>
    public static Value LpPool(this Value x, double p, Shape window, Sliding sliding)
    {
        Require.Above(nameof(LpPool), p, 0);
        // An even power needs no magnitudes, and x² no power.
        var powers = p == 2 ? x.Square() : x.Abs().Pow(p);
        var sums = powers.SumPool(window, sliding);
        return p == 2 ? sums.Sqrt() : sums.Pow(1 / p);
    }

    /// <summary>The mean over all spatial dimensions: x[N, C, S…] gives y[N, C].</summary>
    public static Value GlobalAveragePool(this Value x) => x.Mean(Spatial(x));

    /// <summary>The largest element of each plane: x[N, C, S…] gives y[N, C]. Equal maxima share the gradient.</summary>
    public static Value GlobalMaxPool(this Value x) => x.Max(Spatial(x));

    private static int[] Spatial(Value x, [System.Runtime.CompilerServices.CallerMemberName] string operation = "") => x.Shape.Rank >= 3 ? [.. Enumerable.Range(2, x.Shape.Rank - 2)] : throw new ShapeException($"{operation}: takes x[N, C, S…], got {x}.");

    private static (Value, Value) Both(Node node) => (node.Outputs[0], node.Outputs[1]);
}
