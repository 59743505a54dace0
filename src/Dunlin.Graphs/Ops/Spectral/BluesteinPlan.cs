using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Any length as a convolution (Bluestein 1970): with w[j] = exp(−πi j² / n), y[k] = w[k] · Σⱼ (x[j] w[j]) · conj(w[k − j]), by transforms of a power of 2.
/// </summary>
internal sealed unsafe class BluesteinPlan<T> : FourierPlan<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly FourierPlan<T> _inner;
    private readonly T[] _chirpRe;
    private readonly T[] _chirpIm;
    private readonly T[] _filterRe;
    private readonly T[] _filterIm;

    public BluesteinPlan(int length)
    {
        var size = checked((int)BitOperations.RoundUpToPowerOf2(2u * (uint)length - 1));
        _inner = Of(size);
        (_chirpRe, _chirpIm) = (new T[length], new T[length]);
        // The chirp's conjugate, with its negative places at the end.
        var (re, im) = (new T[size], new T[size]);
        for (var j = 0; j < length; j++)
        {
            (_chirpRe[j], _chirpIm[j]) = Root((long)j * j, 2L * length);
            re[j] = re[(size - j) % size] = _chirpRe[j];
            im[j] = im[(size - j) % size] = -_chirpIm[j];
        }
        (_filterRe, _filterIm) = (new T[size], new T[size]);
        fixed (T* a = re, b = im, c = _filterRe, d = _filterIm, scratch = new T[_inner.Scratch]) _inner.Run(a, b, c, d, scratch);
        for (var i = 0; i < size; i++) (_filterRe[i], _filterIm[i]) = (_filterRe[i] / T.CreateChecked(size), _filterIm[i] / T.CreateChecked(size));
    }

    public override long Scratch => 4L * _inner.Length + _inner.Scratch;

    public override void Run(T* xRe, T* xIm, T* yRe, T* yIm, T* scratch)
    {
        var size = _inner.Length;
        T* aRe = scratch, aIm = aRe + size, bRe = aIm + size, bIm = bRe + size, rest = bIm + size;
        for (var j = 0; j < Length; j++) (aRe[j], aIm[j]) = (xRe[j] * _chirpRe[j] - xIm[j] * _chirpIm[j], xRe[j] * _chirpIm[j] + xIm[j] * _chirpRe[j]);
        new Span<T>(aRe + Length, size - Length).Clear();
        new Span<T>(aIm + Length, size - Length).Clear();
        _inner.Run(aRe, aIm, bRe, bIm, rest);
        for (var i = 0; i < size; i++) (bRe[i], bIm[i]) = (bRe[i] * _filterRe[i] - bIm[i] * _filterIm[i], bRe[i] * _filterIm[i] + bIm[i] * _filterRe[i]);
        _inner.Run(bIm, bRe, aIm, aRe, rest);
        for (var k = 0; k < Length; k++) (yRe[k], yIm[k]) = (aRe[k] * _chirpRe[k] - aIm[k] * _chirpIm[k], aRe[k] * _chirpIm[k] + aIm[k] * _chirpRe[k]);
    }
}
