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
