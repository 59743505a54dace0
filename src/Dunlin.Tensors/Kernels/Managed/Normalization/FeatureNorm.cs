using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Batch normalisation of [Images, Channels]: with one element of a channel per image, neighbouring channels are handled side by side.
/// Each thread takes a range of channels.
/// </summary>
internal abstract unsafe class FeatureNormKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _scratchBuffer;

    protected FeatureNormKernel(BatchNormPlan plan, int operands, int scratchRows) : base(3 * plan.Work)
    {
        Plan = plan;
        _scratchBuffer = operands;
        ScratchBytes = (long)scratchRows * plan.Channels * sizeof(T);
    }

    protected BatchNormPlan Plan { get; }

    protected T Count => T.CreateChecked(Plan.Count);

    /// <summary>The thread's channels.</summary>
    protected int Begin(int worker, int workers, out int count)
    {
        var (begin, end) = ThreadTeam.Share(Plan.Channels, worker, workers, 16);
        count = (int)(end - begin);
        return (int)begin;
    }

    /// <summary>A run of one row of an operand.</summary>
    protected Span<T> Row(int buffer, int row, int channel, int count) => new(Buffer<T>(buffer) + (nint)row * Plan.Channels + channel, count);

    protected Span<T> Scratch(int row, int channel, int count) => Row(_scratchBuffer, row, channel, count);

    /// <summary>1 / √(variance + ε).</summary>
    protected void InverseDeviation(ReadOnlySpan<T> variance, Span<T> result)
    {
        TensorPrimitives.Add(variance, T.CreateChecked(Plan.Epsilon), result);
        TensorPrimitives.Sqrt(result, result);
        TensorPrimitives.Divide(T.One, result, result);
    }

    /// <summary>y = (x − mean) · factor + shift, of all images.</summary>
    protected void Normalize(ReadOnlySpan<T> mean, ReadOnlySpan<T> factor, int outputBuffer, int channel)
    {
        var shift = Row(2, 0, channel, mean.Length);
        for (var image = 0; image < Plan.Images; image++)
        {
            var y = Row(outputBuffer, image, channel, mean.Length);
            TensorPrimitives.Subtract(Row(0, image, channel, mean.Length), mean, y);
            TensorPrimitives.MultiplyAdd(y, factor, shift, y);
        }
    }
}

/// <summary>As <see cref="BatchNormTrainKernel{T}"/>.</summary>
internal sealed class FeatureNormTrainKernel<T>(BatchNormPlan plan) : FeatureNormKernel<T>(plan, 6, 1) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var channel = Begin(worker, workers, out var count);
        var mean = Row(4, 0, channel, count);
        var variance = Row(5, 0, channel, count);
        var scratch = Scratch(0, channel, count);
        mean.Clear();
        variance.Clear();
        for (var image = 0; image < Plan.Images; image++) TensorPrimitives.Add(mean, Row(0, image, channel, count), mean);
        TensorPrimitives.Divide(mean, Count, mean);
        for (var image = 0; image < Plan.Images; image++)
        {
            TensorPrimitives.Subtract(Row(0, image, channel, count), mean, scratch);
            TensorPrimitives.MultiplyAdd(scratch, scratch, variance, variance);
        }
        TensorPrimitives.Divide(variance, Count, variance);
        InverseDeviation(variance, scratch);
        TensorPrimitives.Multiply(scratch, Row(1, 0, channel, count), scratch);
        Normalize(mean, scratch, 3, channel);
    }
}

/// <summary>As <see cref="BatchNormInferKernel{T}"/>.</summary>
internal sealed class FeatureNormInferKernel<T>(BatchNormPlan plan) : FeatureNormKernel<T>(plan, 6, 1) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override bool CanOverwrite(int input, int output) => input == 0;

    public override void Execute(int worker, int workers)
    {
        var channel = Begin(worker, workers, out var count);
        var factor = Scratch(0, channel, count);
        InverseDeviation(Row(4, 0, channel, count), factor);
        TensorPrimitives.Multiply(factor, Row(1, 0, channel, count), factor);
        Normalize(Row(3, 0, channel, count), factor, 5, channel);
    }
}

/// <summary>As <see cref="BatchNormBackwardKernel{T}"/>.</summary>
internal sealed class FeatureNormBackwardKernel<T>(BatchNormPlan plan) : FeatureNormKernel<T>(plan, 8, 3) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var channel = Begin(worker, workers, out var count);
        var mean = Row(2, 0, channel, count);
        var variance = Row(3, 0, channel, count);
        var dscale = Row(6, 0, channel, count);
        var dshift = Row(7, 0, channel, count);
        var scratch = Scratch(0, channel, count);
        dscale.Clear();
        dshift.Clear();
        for (var image = 0; image < Plan.Images; image++)
        {
            var dy = Row(4, image, channel, count);
            TensorPrimitives.Add(dshift, dy, dshift);
            TensorPrimitives.Subtract(Row(0, image, channel, count), mean, scratch);
            TensorPrimitives.MultiplyAdd(scratch, dy, dscale, dscale);
        }
        var factor = scratch;
        var slope = Scratch(1, channel, count);
        InverseDeviation(variance, factor);
        TensorPrimitives.Multiply(dscale, factor, dscale);
        TensorPrimitives.Multiply(dscale, factor, slope);
        TensorPrimitives.Divide(slope, Count, slope);
        TensorPrimitives.Multiply(factor, Row(1, 0, channel, count), factor);
        var average = Scratch(2, channel, count);
        TensorPrimitives.Divide(dshift, Count, average);
        for (var image = 0; image < Plan.Images; image++)
        {
            var dx = Row(5, image, channel, count);
            TensorPrimitives.Subtract(Row(0, image, channel, count), mean, dx);
            TensorPrimitives.Multiply(dx, slope, dx);
            TensorPrimitives.Subtract(Row(4, image, channel, count), dx, dx);
            TensorPrimitives.Subtract(dx, average, dx);
            TensorPrimitives.Multiply(dx, factor, dx);
        }
    }
}
