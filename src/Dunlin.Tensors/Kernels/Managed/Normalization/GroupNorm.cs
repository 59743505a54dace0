using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>What the group normalisation kernels know of the shapes.</summary>
internal readonly struct GroupNormPlan(Shape input, int groups, double epsilon)
{
    public int Images { get; } = input[0];

    public int Channels { get; } = input[1];

    public int Groups => groups;

    /// <summary>Channels of a group.</summary>
    public int Members { get; } = input[1] / groups;

    /// <summary>Elements of a channel of an image.</summary>
    public int Area { get; } = checked((int)input[2..].ElementCount);

    public double Epsilon => epsilon;

    public double Work => (double)Images * Channels * Area;

    /// <summary>Elements of a group, or 1 where there are none.</summary>
    public int Count => Math.Max(1, checked(Members * Area));
}

/// <summary>Normalises each group of each image by its own statistics.</summary>
internal sealed unsafe class GroupNormForwardKernel<T>(GroupNormPlan plan) : ManagedKernel(plan.Work) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var count = T.CreateChecked(plan.Count);
        var elements = plan.Members * plan.Area;
        var (begin, end) = ThreadTeam.Share((long)plan.Images * plan.Groups, worker, workers);
        for (var group = (nint)begin; group < end; group++)
        {
            var x = Buffer<T>(0) + group * elements;
            var y = Buffer<T>(3) + group * elements;
            var mean = Rows<T>.Sum(x, elements) / count;
            var variance = Rows<T>.SumOfSquares(x, mean, elements) / count;
            Buffer<T>(4)[group] = mean;
            Buffer<T>(5)[group] = variance;
            var inverse = Rows<T>.InverseDeviation(variance, plan.Epsilon);
            var channel = (int)(group % plan.Groups) * plan.Members;
            for (var c = 0; c < plan.Members; c++, channel++)
                Rows<T>.Scale(x + (nint)c * plan.Area, mean, inverse * Buffer<T>(1)[channel], Buffer<T>(2)[channel], y + (nint)c * plan.Area, plan.Area);
        }
    }
}

/// <summary>
/// Gradient of group normalisation. With x̂ = (x − mean) / σ and g = dy · scale: dx = (g − ⟨g⟩ − x̂ · ⟨g · x̂⟩) / σ, means over the group;
/// dscale = Σ dy · x̂ and dshift = Σ dy (Wu and He, 2018). Threads take groups for dx and the sums of each channel of each image, then channels for their totals.
/// </summary>
internal sealed unsafe class GroupNormBackwardKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly GroupNormPlan _plan;
    private bool _totals;

    public GroupNormBackwardKernel(GroupNormPlan plan) : base(plan.Work)
    {
        _plan = plan;
        ScratchBytes = 2L * plan.Images * plan.Channels * sizeof(T);
    }

    protected override void Run(ThreadTeam threads)
    {
        _totals = false;
        Parallel(threads);
        _totals = true;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_totals ? _plan.Channels : (long)_plan.Images * _plan.Groups, worker, workers);
        for (var i = (nint)begin; i < end; i++)
            if (_totals) Total((int)i);
            else Group(i);
    }

    private void Group(nint group)
    {
        var (members, area) = (_plan.Members, _plan.Area);
        var count = T.CreateChecked(_plan.Count);
        var mean = Buffer<T>(2)[group];
        var inverse = Rows<T>.InverseDeviation(Buffer<T>(3)[group], _plan.Epsilon);
        var scale = Buffer<T>(1) + group % _plan.Groups * members;
        var offset = group * members * area;
        var (gradientMean, slope) = (T.Zero, T.Zero);
        for (var c = 0; c < members; c++)
        {
            var dy = Buffer<T>(4) + offset + (nint)c * area;
            var sums = Buffer<T>(8) + 2 * (group * members + c);
            sums[0] = Rows<T>.Sum(dy, area);
            sums[1] = Rows<T>.SumOfProducts(Buffer<T>(0) + offset + (nint)c * area, mean, dy, T.Zero, area) * inverse;
            gradientMean += scale[c] * sums[0];
            slope += scale[c] * sums[1];
        }
        gradientMean /= count;
        slope *= inverse / count;
        for (var c = 0; c < members; c++)
            Line(Buffer<T>(0) + offset + (nint)c * area, mean, slope, Buffer<T>(4) + offset + (nint)c * area, scale[c], gradientMean, inverse, Buffer<T>(5) + offset + (nint)c * area, area);
    }

    /// <summary>dx = (dy · scale − gradientMean − (x − mean) · slope) · inverse.</summary>
    private static void Line(T* x, T mean, T slope, T* dy, T scale, T gradientMean, T inverse, T* dx, int count)
    {
        var (means, slopes, scales, gradientMeans, inverses) = (new Vector<T>(mean), new Vector<T>(slope), new Vector<T>(scale), new Vector<T>(gradientMean), new Vector<T>(inverse));
        var i = 0;
        for (; i + Vector<T>.Count <= count; i += Vector<T>.Count)
            ((Vector.Load(dy + i) * scales - gradientMeans - (Vector.Load(x + i) - means) * slopes) * inverses).Store(dx + i);
        for (; i < count; i++) dx[i] = (dy[i] * scale - gradientMean - (x[i] - mean) * slope) * inverse;
    }

    private void Total(int channel)
    {
        var (dscale, dshift) = (T.Zero, T.Zero);
        for (var image = 0; image < _plan.Images; image++)
        {
            var sums = Buffer<T>(8) + 2 * ((nint)image * _plan.Channels + channel);
            dshift += sums[0];
            dscale += sums[1];
        }
        Buffer<T>(6)[channel] = dscale;
        Buffer<T>(7)[channel] = dshift;
    }
}
