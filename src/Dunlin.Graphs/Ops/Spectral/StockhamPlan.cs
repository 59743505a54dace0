using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Mixed radices, self-sorting (Stockham's form; Van Loan 1992, section 1.7): pass after pass from one array to another, radix r joining r transforms
/// of the rest into one.
/// </summary>
internal sealed unsafe class StockhamPlan<T> : FourierPlan<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Pass[] _passes;

    public StockhamPlan(int[] factors)
    {
        _passes = new Pass[factors.Length];
        var rest = factors.Aggregate(1, (n, f) => n * f);
        for (var (i, stride) = (0, 1); i < factors.Length; stride *= factors[i++])
        {
            _passes[i] = new(factors[i], rest, stride);
            rest /= factors[i];
        }
    }

    public override long Scratch => 2L * Length;

    public override void Run(T* xRe, T* xIm, T* yRe, T* yIm, T* scratch)
    {
        if (_passes.Length == 0) (*yRe, *yIm) = (*xRe, *xIm);
        for (var i = 0; i < _passes.Length; i++)
        {
            // The last pass ends in y.
            var last = (_passes.Length - 1 - i) % 2 == 0;
            T* toRe = last ? yRe : scratch, toIm = last ? yIm : scratch + Length;
            _passes[i].Run(xRe, xIm, toRe, toIm);
            xRe = toRe;
            xIm = toIm;
        }
    }

    /// <summary>From x[q + s (p + m k)] over k to y[q + s (r p + j)] over j, turned by the root of number p j, for all q &lt; s and p &lt; m.</summary>
    private sealed class Pass
    {
        private readonly int _radix;
        private readonly int _count;
        private readonly int _stride;
        private readonly T[] _turnRe;
        private readonly T[] _turnIm;
        private readonly T[] _rootRe;
        private readonly T[] _rootIm;

        public Pass(int radix, int length, int stride)
        {
            (_radix, _count, _stride) = (radix, length / radix, stride);
            (_turnRe, _turnIm) = (new T[length], new T[length]);
            for (var p = 0; p < _count; p++)
                for (var j = 0; j < radix; j++) (_turnRe[p * radix + j], _turnIm[p * radix + j]) = Root((long)p * j, length);
            (_rootRe, _rootIm) = (new T[radix], new T[radix]);
            for (var j = 0; j < radix; j++) (_rootRe[j], _rootIm[j]) = Root(j, radix);
        }

        public void Run(T* xRe, T* xIm, T* yRe, T* yIm)
        {
            var (step, stride) = ((long)_count * _stride, _stride);
            for (var p = 0; p < _count; p++)
            {
                var (from, to) = ((long)p * stride, (long)p * stride * _radix);
                if (_radix == 4) Four(xRe + from, xIm + from, yRe + to, yIm + to, step, p);
                else if (_radix == 2) Two(xRe + from, xIm + from, yRe + to, yIm + to, step, p);
                else Any(xRe + from, xIm + from, yRe + to, yIm + to, step, p);
            }
        }

        private void Two(T* xRe, T* xIm, T* yRe, T* yIm, long step, int p)
        {
            var (wr, wi) = (_turnRe[2 * p + 1], _turnIm[2 * p + 1]);
            var q = 0;
            for (; q <= _stride - Vector<T>.Count; q += Vector<T>.Count)
            {
                var (ar, ai, br, bi) = (Vector.Load(xRe + q), Vector.Load(xIm + q), Vector.Load(xRe + q + step), Vector.Load(xIm + q + step));
                Vector.Store(ar + br, yRe + q);
                Vector.Store(ai + bi, yIm + q);
                var (dr, di) = (ar - br, ai - bi);
                Vector.Store(dr * wr - di * wi, yRe + q + _stride);
                Vector.Store(dr * wi + di * wr, yIm + q + _stride);
            }
            for (; q < _stride; q++)
            {
                var (ar, ai, br, bi) = (xRe[q], xIm[q], xRe[q + step], xIm[q + step]);
                (yRe[q], yIm[q]) = (ar + br, ai + bi);
                var (dr, di) = (ar - br, ai - bi);
                (yRe[q + _stride], yIm[q + _stride]) = (dr * wr - di * wi, dr * wi + di * wr);
            }
        }

        private void Four(T* xRe, T* xIm, T* yRe, T* yIm, long step, int p)
        {
            var (w1r, w2r, w3r) = (_turnRe[4 * p + 1], _turnRe[4 * p + 2], _turnRe[4 * p + 3]);
            var (w1i, w2i, w3i) = (_turnIm[4 * p + 1], _turnIm[4 * p + 2], _turnIm[4 * p + 3]);
            int q = 0, s = _stride;
            for (; q <= s - Vector<T>.Count; q += Vector<T>.Count)
            {
                var (ar, br, cr, dr) = (Vector.Load(xRe + q), Vector.Load(xRe + q + step), Vector.Load(xRe + q + 2 * step), Vector.Load(xRe + q + 3 * step));
                var (ai, bi, ci, di) = (Vector.Load(xIm + q), Vector.Load(xIm + q + step), Vector.Load(xIm + q + 2 * step), Vector.Load(xIm + q + 3 * step));
                var (er, ei, fr, fi) = (ar + cr, ai + ci, ar - cr, ai - ci);
                var (gr, gi, hr, hi) = (br + dr, bi + di, br - dr, bi - di);
                Vector.Store(er + gr, yRe + q);
                Vector.Store(ei + gi, yIm + q);
                var (ur, ui) = (fr + hi, fi - hr);
                Vector.Store(ur * w1r - ui * w1i, yRe + q + s);
                Vector.Store(ur * w1i + ui * w1r, yIm + q + s);
                (ur, ui) = (er - gr, ei - gi);
                Vector.Store(ur * w2r - ui * w2i, yRe + q + 2 * s);
                Vector.Store(ur * w2i + ui * w2r, yIm + q + 2 * s);
                (ur, ui) = (fr - hi, fi + hr);
                Vector.Store(ur * w3r - ui * w3i, yRe + q + 3 * s);
                Vector.Store(ur * w3i + ui * w3r, yIm + q + 3 * s);
            }
            for (; q < s; q++)
            {
                var (ar, br, cr, dr) = (xRe[q], xRe[q + step], xRe[q + 2 * step], xRe[q + 3 * step]);
                var (ai, bi, ci, di) = (xIm[q], xIm[q + step], xIm[q + 2 * step], xIm[q + 3 * step]);
                var (er, ei, fr, fi) = (ar + cr, ai + ci, ar - cr, ai - ci);
                var (gr, gi, hr, hi) = (br + dr, bi + di, br - dr, bi - di);
                (yRe[q], yIm[q]) = (er + gr, ei + gi);
                var (ur, ui) = (fr + hi, fi - hr);
                (yRe[q + s], yIm[q + s]) = (ur * w1r - ui * w1i, ur * w1i + ui * w1r);
                (ur, ui) = (er - gr, ei - gi);
                (yRe[q + 2 * s], yIm[q + 2 * s]) = (ur * w2r - ui * w2i, ur * w2i + ui * w2r);
                (ur, ui) = (fr - hi, fi + hr);
                (yRe[q + 3 * s], yIm[q + 3 * s]) = (ur * w3r - ui * w3i, ur * w3i + ui * w3r);
            }
        }

        private void Any(T* xRe, T* xIm, T* yRe, T* yIm, long step, int p)
        {
            var q = 0;
            for (; q <= _stride - Vector<T>.Count; q += Vector<T>.Count)
                for (var j = 0; j < _radix; j++)
                {
                    var (re, im) = (Vector<T>.Zero, Vector<T>.Zero);
                    for (int k = 0, root = 0; k < _radix; k++, root += root + j < _radix ? j : j - _radix)
                    {
                        var (ar, ai, wr, wi) = (Vector.Load(xRe + q + k * step), Vector.Load(xIm + q + k * step), _rootRe[root], _rootIm[root]);
                        re += ar * wr - ai * wi;
                        im += ar * wi + ai * wr;
                    }
                    var (tr, ti) = (_turnRe[_radix * p + j], _turnIm[_radix * p + j]);
                    Vector.Store(re * tr - im * ti, yRe + q + (long)j * _stride);
                    Vector.Store(re * ti + im * tr, yIm + q + (long)j * _stride);
                }
            for (; q < _stride; q++)
                for (var j = 0; j < _radix; j++)
                {
                    var (re, im) = (T.Zero, T.Zero);
                    for (int k = 0, root = 0; k < _radix; k++, root += root + j < _radix ? j : j - _radix)
                    {
                        var (ar, ai, wr, wi) = (xRe[q + k * step], xIm[q + k * step], _rootRe[root], _rootIm[root]);
                        re += ar * wr - ai * wi;
                        im += ar * wi + ai * wr;
                    }
                    var (tr, ti) = (_turnRe[_radix * p + j], _turnIm[_radix * p + j]);
                    (yRe[q + (long)j * _stride], yIm[q + (long)j * _stride]) = (re * tr - im * ti, re * ti + im * tr);
                }
        }
    }
}
