using System.Collections.Concurrent;
using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Fills a variable from numbers computed in double precision.</summary>
internal abstract record NumberFill : Initializer
{
    /// <summary>Enough for a good bulk draw, little enough for the cache.</summary>
    private const int Piece = 4096;

    /// <summary>So many pieces take about as long as waking other threads.</summary>
    private const int WorthThreads = 8;

    public sealed override void Fill(Tensor target, ulong seed, ulong stream)
    {
        var key = new PhiloxKey(seed, (uint)stream, (uint)(stream >> 32));
        var pieces = (target.ElementCount + Piece - 1) / Piece;
        // An element depends on its place alone, so the threads may share the pieces as they like.
        if (pieces < WorthThreads) Fill(target, key, 0, pieces);
        else Parallel.ForEach(Partitioner.Create(0, pieces), range => Fill(target, key, range.Item1, range.Item2));
    }

    private void Fill(Tensor target, PhiloxKey key, long begin, long end)
    {
        var numbers = new double[(int)Math.Min(Piece, target.ElementCount)];
        for (var at = begin * Piece; at < Math.Min(end * Piece, target.ElementCount); at += Piece)
        {
            var piece = numbers.AsSpan(0, (int)Math.Min(Piece, target.ElementCount - at));
            Draw(piece, key, (ulong)at, target.Shape);
            Elements.Write(target, at, piece);
        }
    }

    /// <summary>Draws elements of a variable of the given shape, from <paramref name="offset"/> on.</summary>
    protected abstract void Draw(Span<double> numbers, PhiloxKey key, ulong offset, Shape shape);
}

internal sealed record ConstantFill(double Value) : NumberFill
{
    protected override void Draw(Span<double> numbers, PhiloxKey key, ulong offset, Shape shape) => numbers.Fill(Value);
}

internal sealed record UniformFill(double Low, double High) : NumberFill
{
    protected override void Draw(Span<double> numbers, PhiloxKey key, ulong offset, Shape shape)
    {
        Philox.FillUniform(numbers, key, offset);
        foreach (ref var x in numbers) x = Low + (High - Low) * x;
    }
}

internal sealed record NormalFill(double Mean, double Deviation) : NumberFill
{
    protected override void Draw(Span<double> numbers, PhiloxKey key, ulong offset, Shape shape) => Philox.FillNormal(numbers, key, offset, Mean, Deviation);
}

internal sealed record TruncatedNormalFill(double Mean, double Deviation) : NumberFill
{
    protected override void Draw(Span<double> numbers, PhiloxKey key, ulong offset, Shape shape)
    {
        Philox.FillNormal(numbers, key, offset);
        Span<double> again = stackalloc double[1];
        for (var i = 0; i < numbers.Length; i++)
        {
            // Later draws of an element come from sequences of other seeds, so that each element depends on its own index alone.
            for (var draw = 1UL; Math.Abs(numbers[i]) > 2; draw++)
            {
                Philox.FillNormal(again, key with { Seed = key.Seed ^ (draw << 48) }, offset + (ulong)i);
                numbers[i] = again[0];
            }
            numbers[i] = Mean + Deviation * numbers[i];
        }
    }
}

/// <summary>Which fan the variance is divided by.</summary>
internal enum Fan { In, Average }

/// <summary>Mean 0 and variance gain / fan.</summary>
internal sealed record ScaledFill(Fan Fan, double Gain, bool IsUniform) : NumberFill
{
    protected override void Draw(Span<double> numbers, PhiloxKey key, ulong offset, Shape shape)
    {
        var (fanIn, fanOut) = Fans(shape);
        var variance = Gain / Math.Max(1, Fan == Fan.In ? fanIn : (fanIn + fanOut) / 2.0);
        if (!IsUniform)
        {
            Philox.FillNormal(numbers, key, offset, 0, Math.Sqrt(variance));
            return;
        }
        Philox.FillUniform(numbers, key, offset);
        foreach (ref var x in numbers) x = Math.Sqrt(3 * variance) * (2 * x - 1);
    }

    internal static (long In, long Out) Fans(Shape shape)
    {
        if (shape.Rank < 2) return (shape.ElementCount, shape.ElementCount);
        var field = shape[2..].ElementCount;
        return (shape[1] * field, shape[0] * field);
    }
}
