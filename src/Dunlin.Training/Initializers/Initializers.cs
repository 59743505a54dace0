using Dunlin.Graphs;

namespace Dunlin.Training;

/// <summary>
/// How variables start. Fan-in and fan-out are the inputs and outputs of a unit: of a weight[out, in, K…], in · K and out · K; of a vector, its length.
/// </summary>
public static class Initializers
{
    /// <summary>All 0.</summary>
    public static Initializer Zeros { get; } = Constant(0);

    /// <summary>All 1.</summary>
    public static Initializer Ones { get; } = Constant(1);

    /// <summary>All equal.</summary>
    public static Initializer Constant(double value) => new ConstantFill(value);

    /// <summary>Uniform in [low, high).</summary>
    public static Initializer Uniform(double low = 0, double high = 1) => new UniformFill(low, high);

    /// <summary>Normally distributed.</summary>
    public static Initializer Normal(double mean = 0, double deviation = 1) => new NormalFill(mean, deviation);

    /// <summary>Normally distributed within two deviations of the mean; what would fall outside is drawn anew. <paramref name="deviation"/> is that before the cut.</summary>
    public static Initializer TruncatedNormal(double mean = 0, double deviation = 1) => new TruncatedNormalFill(mean, deviation);

    /// <summary>Uniform in ±√(6 / (fan-in + fan-out)) (Glorot and Bengio, 2010).</summary>
    public static Initializer GlorotUniform() => new ScaledFill(Fan.Average, 1, IsUniform: true);

    /// <summary>Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio, 2010).</summary>
    public static Initializer GlorotNormal() => new ScaledFill(Fan.Average, 1, IsUniform: false);

    /// <summary>Uniform in ±√(6 / fan-in), for rectified units (He et al., 2015).</summary>
    public static Initializer HeUniform() => new ScaledFill(Fan.In, 2, IsUniform: true);

    /// <summary>Normal with variance 2 / fan-in, for rectified units (He et al., 2015).</summary>
    public static Initializer HeNormal() => new ScaledFill(Fan.In, 2, IsUniform: false);

    /// <summary>Uniform in ±√(3 / fan-in) (LeCun et al., 1998).</summary>
    public static Initializer LeCunUniform() => new ScaledFill(Fan.In, 1, IsUniform: true);

    /// <summary>Normal with variance 1 / fan-in (LeCun et al., 1998).</summary>
    public static Initializer LeCunNormal() => new ScaledFill(Fan.In, 1, IsUniform: false);

    /// <summary>Uniform in ±1 / √fan-in: the default of linear layers and convolutions, here as in PyTorch.</summary>
    public static Initializer FanInUniform() => new ScaledFill(Fan.In, 1.0 / 3, IsUniform: true);

    /// <summary>Uniform in ±1 / √<paramref name="fanIn"/>, for the bias of a unit with so many inputs.</summary>
    public static Initializer BiasUniform(long fanIn) => Uniform(-1 / Math.Sqrt(Math.Max(1, fanIn)), 1 / Math.Sqrt(Math.Max(1, fanIn)));

    /// <summary>Rows or columns, whichever are fewer, of length 1 and at right angles, times gain (Saxe et al., 2014). A weight[out, in, K…] counts as a matrix of out rows.</summary>
    public static Initializer Orthogonal(double gain = 1) => new OrthogonalFill(gain);
}
