namespace Dunlin.Tensors.Kernels;

/// <summary>
/// Group normalisation: the channels of x[N, C, …] in <paramref name="Groups"/> groups of neighbours, each group of each image by its own statistics:
/// y = scale · (x − mean) / √(variance + ε) + shift. Inputs: x, scale[C], shift[C]. Outputs: y, mean[N, Groups], variance[N, Groups].
/// </summary>
public sealed record GroupNormForwardSpec(DType Type, Shape Input, int Groups, double Epsilon) : KernelSpec(Type);

/// <summary>Gradient of <see cref="GroupNormForwardSpec"/>, through the statistics. Inputs: x, scale, mean, variance, dy. Outputs: dx, dscale[C], dshift[C].</summary>
public sealed record GroupNormBackwardSpec(DType Type, Shape Input, int Groups, double Epsilon) : KernelSpec(Type);

/// <summary>Each row by its root mean square: y = scale · x / √(mean(x²) + ε). Inputs: x[Rows, Columns], scale[Columns]. Output: y.</summary>
public sealed record RmsNormForwardSpec(DType Type, int Rows, int Columns, double Epsilon) : KernelSpec(Type);

/// <summary>Gradient of <see cref="RmsNormForwardSpec"/>. Inputs: x, scale, dy. Outputs: dx, dscale[Columns].</summary>
public sealed record RmsNormBackwardSpec(DType Type, int Rows, int Columns, double Epsilon) : KernelSpec(Type);

/// <summary>
/// Local response normalisation across channels of x[N, C, …]: y = x · sᵝ with exponent −<paramref name="Beta"/> and s = K + Alpha / Size · Σ x² over the
/// <paramref name="Size"/> channels from c − Size / 2 to c + (Size − 1) / 2 that there are. Inputs: x. Output: y.
/// </summary>
public sealed record LrnForwardSpec(DType Type, Shape Input, int Size, double Alpha, double Beta, double K) : KernelSpec(Type);

/// <summary>Gradient of <see cref="LrnForwardSpec"/>. Inputs: x, dy. Output: dx.</summary>
public sealed record LrnBackwardSpec(DType Type, Shape Input, int Size, double Alpha, double Beta, double K) : KernelSpec(Type);
