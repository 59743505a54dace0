using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// The transforms between tiles and points, of one vector of channels. Inputs become values at the points 0, ±¾, ±3/2 and ∞ of their dual, weights and outputs' gradients are
/// polynomials that are evaluated there, and outputs and weights' gradients are what is interpolated: a bilinear algorithm's three matrices, each used both ways (Winograd, "Arithmetic
/// complexity of computations", 1980). With these points, which have few binary digits, rounding errors are 2 to 3 times those of the direct sum; with the customary ±1, ±2 they are 5 times
/// (decision 16).
/// </summary>
/// <remarks>Compiled for speed from the first call on, as the micro-kernels are: vectors that nothing is inlined into make the first steps ten times as long.</remarks>
internal static unsafe class WinogradTransforms<TVector, TLanes>
    where TVector : struct
    where TLanes : ILanes<float, TVector>
{
    private const float A = 0.75f, B = 1.5f, A2 = A * A, B2 = B * B;

    /// <summary>1 / ∏ (point − other point), which weights and their gradients are multiplied with along each side.</summary>
    private static readonly float[] Norms = [1 / (A2 * B2), 1 / (2 * A2 * (A2 - B2)), 1 / (2 * A2 * (A2 - B2)), 1 / (2 * B2 * (B2 - A2)), 1 / (2 * B2 * (B2 - A2)), 1];

    /// <summary>6 × 6 inputs to points.</summary>
    /// <param name="x">The tile.</param>
    /// <param name="row">Elements from one row of it to the next.</param>
    /// <param name="column">Elements from one column to the next.</param>
    /// <param name="z">The points.</param>
    /// <param name="point">Elements from one point to the next.</param>
    /// <param name="scratch">36 vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float* x, nint row, nint column, float* z, nint point, float* scratch)
    {
        nint width = TLanes.Count;
        for (var j = 0; j < WinogradPlan.Side; j++) Input(x + j * column, row, scratch + j * width, WinogradPlan.Side * width);
        for (var i = 0; i < WinogradPlan.Side; i++) Input(scratch + i * WinogradPlan.Side * width, width, z + i * WinogradPlan.Side * point, point);
    }

    /// <summary>Coefficients, as many along each side as <typeparamref name="TCount"/>, to points.</summary>
    /// <inheritdoc cref="Input(float*, nint, nint, float*, nint, float*)"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Evaluate<TCount>(float* x, nint row, nint column, float* z, nint point, float* scratch) where TCount : INumber
    {
        nint width = TLanes.Count;
        for (var j = 0; j < TCount.Value; j++) Evaluate<TCount>(x + j * column, row, scratch + j * width, TCount.Value * width);
        for (var i = 0; i < WinogradPlan.Side; i++) Evaluate<TCount>(scratch + i * TCount.Value * width, width, z + i * WinogradPlan.Side * point, point);
    }

    /// <summary>Points to coefficients: the transposed of <see cref="Evaluate{TCount}(float*, nint, nint, float*, nint, float*)"/>.</summary>
    /// <inheritdoc cref="Input(float*, nint, nint, float*, nint, float*)"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Interpolate<TCount>(float* z, nint point, float* x, nint row, nint column, float* scratch) where TCount : INumber
    {
        nint width = TLanes.Count;
        for (var j = 0; j < WinogradPlan.Side; j++) Interpolate<TCount>(z + j * point, WinogradPlan.Side * point, scratch + j * width, WinogradPlan.Side * width);
        for (var i = 0; i < TCount.Value; i++) Interpolate<TCount>(scratch + i * WinogradPlan.Side * width, width, x + i * row, column);
    }

    /// <summary>Multiplies what stands at the points with the weights' norms.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* from, nint fromPoint, float* to, nint toPoint)
    {
        for (var i = 0; i < WinogradPlan.Side; i++)
            for (var j = 0; j < WinogradPlan.Side; j++, from += fromPoint, to += toPoint)
                TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(from), TLanes.Broadcast(Norms[i] * Norms[j]), default), to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Input(float* x, nint step, float* z, nint zStep)
    {
        var (x0, x1, x2) = (TLanes.Load(x), TLanes.Load(x + step), TLanes.Load(x + 2 * step));
        var (x3, x4, x5) = (TLanes.Load(x + 3 * step), TLanes.Load(x + 4 * step), TLanes.Load(x + 5 * step));
        TLanes.Store(Add(x0, A2 * B2, Add(x2, -(A2 + B2), x4)), z);
        var (even, odd) = (Add(x2, -B2, x4), Add(x1, -B2, x3));
        TLanes.Store(Add(odd, A, even), z + zStep);
        TLanes.Store(Add(odd, -A, even), z + 2 * zStep);
        (even, odd) = (Add(x2, -A2, x4), Add(x1, -A2, x3));
        TLanes.Store(Add(odd, B, even), z + 3 * zStep);
        TLanes.Store(Add(odd, -B, even), z + 4 * zStep);
        TLanes.Store(Add(x1, A2 * B2, Add(x3, -(A2 + B2), x5)), z + 5 * zStep);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Evaluate<TCount>(float* x, nint step, float* z, nint zStep) where TCount : INumber
    {
        var (x0, x1) = (TLanes.Load(x), TLanes.Load(x + step));
        var x2 = TCount.Value > 2 ? TLanes.Load(x + 2 * step) : default;
        var x3 = TCount.Value > 3 ? TLanes.Load(x + 3 * step) : default;
        var x4 = TCount.Value > 4 ? TLanes.Load(x + 4 * step) : default;
        TLanes.Store(x0, z);
        At<TCount>(x0, x1, x2, x3, x4, A, z + zStep, z + 2 * zStep);
        At<TCount>(x0, x1, x2, x3, x4, B, z + 3 * zStep, z + 4 * zStep);
        TLanes.Store(TCount.Value switch { 2 => x1, 3 => x2, 4 => x3, _ => x4 }, z + 5 * zStep);
    }

    /// <summary>The polynomial at a point and at its negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void At<TCount>(TVector x0, TVector x1, TVector x2, TVector x3, TVector x4, float point, float* plus, float* minus) where TCount : INumber
    {
        var square = point * point;
        var even = TCount.Value switch { 2 => x0, 3 or 4 => Add(x2, square, x0), _ => Add(Add(x4, square, x2), square, x0) };
        var odd = TCount.Value > 3 ? Add(x3, square, x1) : x1;
        TLanes.Store(Add(odd, point, even), plus);
        TLanes.Store(Add(odd, -point, even), minus);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interpolate<TCount>(float* z, nint zStep, float* x, nint step) where TCount : INumber
    {
        var (plus, minus, last) = (TLanes.Load(z + zStep), TLanes.Load(z + 2 * zStep), TLanes.Load(z + 5 * zStep));
        var (even, odd) = (TLanes.Add(plus, minus), Add(minus, -1, plus));
        (plus, minus) = (TLanes.Load(z + 3 * zStep), TLanes.Load(z + 4 * zStep));
        var (even2, odd2) = (TLanes.Add(plus, minus), Add(minus, -1, plus));
        TLanes.Store(TLanes.Add(TLanes.Load(z), TLanes.Add(even, even2)), x);
        Put<TCount, N2>(Add(odd, A, Scaled(odd2, B)), last, x + step);
        if (TCount.Value > 2) Put<TCount, N3>(Add(even, A2, Scaled(even2, B2)), last, x + 2 * step);
        if (TCount.Value > 3) Put<TCount, N4>(Add(odd, A2 * A, Scaled(odd2, B2 * B)), last, x + 3 * step);
        if (TCount.Value > 4) Put<TCount, N5>(Add(even, A2 * A2, Scaled(even2, B2 * B2)), last, x + 4 * step);
    }

    /// <summary>A coefficient; to the last one that there is, what stands at ∞ is added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TCount, TThis>(TVector value, TVector last, float* target) where TCount : INumber where TThis : INumber =>
        TLanes.Store(TCount.Value == TThis.Value ? TLanes.Add(value, last) : value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Add(TVector value, float factor, TVector addend) => TLanes.MultiplyAdd(value, TLanes.Broadcast(factor), addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scaled(TVector value, float factor) => TLanes.MultiplyAdd(value, TLanes.Broadcast(factor), default);
}
