using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The elements under each position of a sliding window as columns (also called im2col or unfold): x[N, C, S…] with 1 to 3 spatial dimensions gives
/// y[N, C · Πk, Πt], y[n, (c, k), t] = x[n, c, t · stride + k · dilation − pad], and 0 on padding. With the weights as a matrix, <see cref="Conv"/> is
/// w[O, C · Πk] · y. All floating-point types.
/// </summary>
/// <remarks>Gradient: <see cref="FoldPatches"/>.</remarks>
/// <param name="Window">Lengths of the window, at least 1.</param>
/// <param name="Sliding">How it moves; groups do not count.</param>
/// <exception cref="ShapeException">The attributes do not fit x, or the window not into it.</exception>
public sealed record ExtractPatches(Shape Window, Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [Columns(inputs, inputs[0], Window, Sliding, Mismatch)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new ExtractPatchesSpec(context.Inputs[0].Type, Geometry(context.Inputs[0].Shape, Window, Sliding)));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new FoldPatches(null, Window, Sliding), [outputGradients[0]!, node.Inputs[0]])];

    internal static ConvGeometry Geometry(Shape x, Shape window, Sliding sliding) =>
        (sliding with { Groups = 1 }).Geometry(x, Shape.Of(x[1], 1).Append(window.Dimensions));

    /// <summary>The type of the columns of x.</summary>
    internal static TensorType Columns(IReadOnlyList<TensorType> inputs, TensorType x, Shape window, Sliding sliding, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, shape) = x;
        if (!type.IsFloat() || shape.Rank is < 3 or > 5 || window.Rank != shape.Rank - 2 || !sliding.Fits(window.Rank) || window.Dimensions.ContainsAnyExceptInRange(1, int.MaxValue))
            throw mismatch(inputs, $"takes floating-point [N, C, S…] with 1 to 3 spatial dimensions and as many entries in window {window} and {sliding}.");
        var positions = Geometry(shape, window, sliding).Output[2..];
        if (positions.Dimensions.Contains(0)) throw mismatch(inputs, $"the window {window} does not fit into the padded {shape[2..]} even once.");
        var rows = shape[1] == Shape.Unknown ? Shape.Unknown : checked((int)(shape[1] * window.ElementCount));
        return new(type, [shape[0], rows, positions.IsKnown ? checked((int)positions.ElementCount) : Shape.Unknown]);
    }
}

/// <summary>
/// The adjoint of <see cref="ExtractPatches"/> (also called col2im or fold): y[N, C · Πk, Πt] gives x[N, C, Size…], each element added where it came from.
/// Inputs: y, and where no size is given a value [N, C, S…] for its shape only. All floating-point types.
/// </summary>
/// <remarks>Gradient: it is linear; <see cref="ExtractPatches"/>.</remarks>
/// <param name="Size">The spatial lengths of the output; null for those of the second input.</param>
/// <param name="Window">Lengths of the window.</param>
/// <param name="Sliding">How it moved.</param>
/// <exception cref="ShapeException">The columns are not those of an input of that size.</exception>
public sealed record FoldPatches(Shape? Size, Shape Window, Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Size is null ? 2 : 1);
        var (type, y) = inputs[0];
        if (y.Rank != 3) throw Mismatch(inputs, "takes columns [N, C · Πk, Πt].");
        var taps = Window.ElementCount;
        if (Size is not null && y[1] != Shape.Unknown && y[1] % Math.Max(1, taps) != 0) throw Mismatch(inputs, $"{y[1]} rows can't be divided into channels of {taps} taps.");
        var x = Size is { } size ? Shape.Of(y[0], y[1] == Shape.Unknown ? Shape.Unknown : (int)(y[1] / Math.Max(1, taps))).Append(size.Dimensions) : inputs[1].Shape;
        var columns = ExtractPatches.Columns(inputs, new(type, x), Window, Sliding, Mismatch);
        return columns.Shape.Accepts(y) ? [new(type, x)] : throw Mismatch(inputs, $"the columns of {x} under this window are {columns.Shape}, not {y}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        context.Heavy(new FoldPatchesSpec(context.Inputs[0].Type, ExtractPatches.Geometry(context.Outputs[0].Shape, Window, Sliding)), inputs: 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var dy = outputGradients[0]!.ExtractPatches(Window, Sliding);
        return Size is null ? [dy, null] : [dy];
    }
}

/// <summary>Windows as columns.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.ExtractPatches"/>
    public static Value ExtractPatches(this Value x, Shape window, Sliding? sliding = null) =>
        x.Graph.Add(new ExtractPatches(window, sliding ?? Sliding.Uniform(window.Rank)), [x]);

    /// <inheritdoc cref="Ops.FoldPatches"/>
    public static Value FoldPatches(this Value patches, Shape size, Shape window, Sliding? sliding = null) =>
        patches.Graph.Add(new FoldPatches(size, window, sliding ?? Sliding.Uniform(window.Rank)), [patches]);
}
