namespace Dunlin.Graphs.Ops;

/// <summary>The shape of a window.</summary>
public enum WindowKind
{
    /// <summary>½ − ½ cos θ.</summary>
    Hann,
    /// <summary>0.54 − 0.46 cos θ.</summary>
    Hamming,
    /// <summary>0.42 − ½ cos θ + 0.08 cos 2θ.</summary>
    Blackman,
}

/// <summary>A window's weights [n], θ = 2πi / n, or 2πi / (n − 1) where it is symmetric.</summary>
/// <param name="Kind">Its shape.</param>
/// <param name="Length">n, at least 1.</param>
/// <param name="Symmetric">Whether the last weight is the first, as for filters, or the next after the last, as for spectra.</param>
/// <param name="Type">A floating-point type.</param>
public sealed record Window(WindowKind Kind, int Length, bool Symmetric, DType Type) : Known
{
    /// <inheritdoc/>
    protected override TensorType Result => Length < 1 || !Type.IsFloat()
        ? throw new ShapeException($"Window: a length is at least 1 and its type floating-point; got {Length} and {Type}.")
        : new(Type, [Length]);

    /// <inheritdoc/>
    protected override Tensor Make() => Numbers(Result, i =>
    {
        var angle = Length == 1 ? Math.PI : 2 * Math.PI * i / (Symmetric ? Length - 1 : Length);
        return Kind switch
        {
            WindowKind.Hann => 0.5 - 0.5 * Math.Cos(angle),
            WindowKind.Hamming => 0.54 - 0.46 * Math.Cos(angle),
            _ => 0.42 - 0.5 * Math.Cos(angle) + 0.08 * Math.Cos(2 * angle),
        };
    });
}

/// <summary>Spectra of stretches.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Window"/>
    public static Value Window(this Graph graph, WindowKind kind, int length, bool symmetric = false, DType type = DType.Float32) => graph.Add(new Window(kind, length, symmetric, type), []);

    /// <summary>
    /// The short-time Fourier transforms of real rows x[…, n]: those of the products of their stretches (<see cref="Ops.Unfold"/>) with a window. Real and imaginary parts
    /// […, f, length / 2 + 1]; nothing is padded.
    /// </summary>
    /// <param name="x">Floating-point rows.</param>
    /// <param name="window">The window [length], whose length is known.</param>
    /// <param name="hop">The distance of neighbouring stretches' beginnings, at least 1.</param>
    public static (Value Re, Value Im) Stft(this Value x, Value window, int hop) => (x.Unfold(-1, WindowLength(window), hop) * window).Rfft();

    /// <summary>
    /// The rows […, n] whose <see cref="Stft"/> with the same window and hop comes nearest to the given one: Σ window · stretch / Σ window² (Griffin and Lim 1984). Where all
    /// weights on an element are 0, as at the ends of most windows, it is 0.
    /// </summary>
    /// <param name="re">Real parts […, f, length / 2 + 1].</param>
    /// <param name="im">Imaginary parts.</param>
    /// <param name="window">The window [length], whose length is known.</param>
    /// <param name="hop">The distance of neighbouring stretches' beginnings.</param>
    /// <exception cref="ShapeException">The number f of stretches is unknown or 0.</exception>
    public static Value Istft(Value re, Value im, Value window, int hop)
    {
        var length = WindowLength(window);
        if (re.Shape.Rank < 2 || re.Shape[^2] < 1) throw new ShapeException($"Istft({re}, {im}): takes spectra […, f, k] of a known number f of stretches, at least 1.");
        Require.AtLeast(nameof(Istft), hop, 1);
        var n = Length((re.Shape[^2] - 1.0) * hop + length);
        var frames = Irfft(re, im, length);
        var ones = Enumerable.Repeat(1, frames.Shape.Rank - 2);
        var like = frames.StridedSlice([.. ones.Select(_ => (Slicing)(..)), 0..1]).Columns(0, 1).Reshape(frames.Shape[..^2].Append(1)).Tile([.. ones, n]);
        var sums = (frames * window).Fold(like, -1, hop);
        var weights = (frames.OnesLike() * window.Square()).Fold(like, -1, hop);
        var covered = weights > Precision.Of(weights.Type);
        return Select(covered, sums / Select(covered, weights, weights.OnesLike()), sums.ZerosLike());
    }

    private static int WindowLength(Value window) => window.Shape.Rank == 1 && window.Shape[0] > 0
        ? window.Shape[0]
        : throw new ShapeException($"Stft and Istft: a window is a vector of known length, at least 1; {window} is none.");
}
