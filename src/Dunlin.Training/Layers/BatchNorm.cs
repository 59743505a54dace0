using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>
/// Batch normalisation over all dimensions but channel 1 (Ioffe and Szegedy, 2015): y = scale · (x − mean) / √(variance + ε) + shift. In training
/// with the batch's own statistics, which also move running ones; in inference with those. Variables: scale[C], shift[C], and not trained
/// running_mean[C], running_variance[C].
/// </summary>
/// <param name="momentum">
/// How far a step moves the running statistics towards the batch's, from 0 to 1. With 1 there are no moving averages: the last batch's statistics count, averaged over the workers before validation and
/// checkpoints (Akiba, Suzuki and Fukuda, 2017).
/// </param>
/// <param name="epsilon">Keeps the root away from 0.</param>
/// <param name="synchronized">
/// Whether the batch is that of all workers, by one small collective forward and one backward; else each worker normalises its share by itself. Alone, a worker does the same either way.
/// <see cref="TrainerOptions.SyncBatchNorm"/> says it for all layers of a model.
/// </param>
/// <remarks>As in PyTorch the running variance is of the unbiased estimate: the batch's variance times n / (n − 1), with n elements a channel.</remarks>
public sealed class BatchNorm(double momentum = 0.1, double epsilon = 1e-5, bool synchronized = false) : Layer
{
    private readonly double _momentum = Require.Between(nameof(BatchNorm), momentum, 0, 1);
    private readonly double _epsilon = Require.AtLeast(nameof(BatchNorm), epsilon, 0);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var (scale, shift) = Channels.ScaleAndShift(context, input);
        var channels = scale.TensorType.Shape;
        var runningMean = context.Variable("running_mean", channels, Initializers.Zeros, trainable: false, input.Type);
        var runningVariance = context.Variable("running_variance", channels, Initializers.Ones, trainable: false, input.Type);
        if (!context.IsTraining) return input.BatchNormInference(scale, shift, runningMean, runningVariance, _epsilon);
        Value y, mean, variance, count;
        var joined = context.Replicas is { Count: > 1 } replicas && (synchronized || replicas.JoinBatchNorm) ? replicas : null;
        if (joined is not null)
        {
            (mean, variance, count) = BatchMoments.OfAll(input, joined);
            y = input.BatchNormInference(scale, shift, mean, variance, _epsilon);
        }
        else
        {
            (y, mean, variance) = input.BatchNorm(scale, shift, _epsilon);
            count = input.Graph.Add(new CountRatio(input.Type), [input, mean]);
        }
        var agreement = joined is not null ? Agreement.Equal : _momentum == 1 ? Agreement.Mean : Agreement.First;
        // With one element a channel there is no unbiased estimate; the variance is 0 and stays so.
        var unbiased = variance * (count / (count - 1).Maximum(count.Number(1)));
        context.Update(runningMean, runningMean.Value + (mean - runningMean) * _momentum, agreement);
        context.Update(runningVariance, runningVariance.Value + (unbiased - runningVariance) * _momentum, agreement);
        return y;
    }
}
