using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Overlapping stretches of rows x[…, n]: y[…, f, i] = x[…, f · hop + i], as many whole ones as there are: (n − length) / hop + 1, or 0 of a shorter row.</summary>
/// <remarks>Gradient: <see cref="OverlapAdd"/> of dy.</remarks>
/// <param name="Length">Elements of a stretch, at least 1.</param>
/// <param name="Hop">The distance of neighbouring stretches' beginnings, at least 1.</param>
public sealed record Frames(int Length, int Hop) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (Length < 1 || Hop < 1) throw Mismatch(inputs, $"a length and a hop are at least 1; got {Length} and {Hop}.");
        if (x.Rank == 0) throw Mismatch(inputs, "takes rows: at least one dimension.");
        return [new(type, x.With(-1, x[^1] == Shape.Unknown ? Shape.Unknown : Count(x[^1])).Append(Length))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new FramesKernel(this, context.Inputs[0], context.Outputs[0].Shape);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new OverlapAdd(Hop), [outputGradients[0]!, node.Inputs[0]])];

    /// <summary>How many stretches a row has.</summary>
    internal int Count(int length) => length < Length ? 0 : (length - Length) / Hop + 1;

    private sealed unsafe class FramesKernel(Frames frames, TensorType x, Shape y) : ParallelKernel(y.ElementCount)
    {
        private readonly (long Count, int PerRow, long Row) _sizes = (y[..^1].ElementCount, y[^2], x.Shape[^1]);
        private readonly int _size = x.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_sizes.Count, worker, workers);
            var bytes = (long)frames.Length * _size;
            for (var frame = begin; frame < end; frame++)
            {
                var from = frame / _sizes.PerRow * _sizes.Row + frame % _sizes.PerRow * frames.Hop;
                Buffer.MemoryCopy(Operand<byte>(0) + from * _size, Operand<byte>(1) + frame * bytes, bytes, bytes);
            }
        }
    }
}

/// <summary>
/// Rows […, n] to which stretches x[…, f, i] are added where <see cref="Ops.Frames"/> would take them: y[…, f · hop + i] += x[…, f, i]. Inputs: the stretches and, for
/// its shape only, a value […, n], which has room for them. Floating-point; 16-bit floats are added up in Float32.
/// </summary>
/// <remarks>Gradient: the <see cref="Ops.Frames"/> of dy.</remarks>
/// <param name="Hop">The distance of neighbouring stretches' beginnings, at least 1.</param>
public sealed record OverlapAdd(int Hop) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, y) = (inputs[0].Shape, inputs[1].Shape);
        if (Hop < 1) throw Mismatch(inputs, $"a hop is at least 1; got {Hop}.");
        if (!inputs[0].Type.IsFloat() || x.Rank < 2 || x.Rank != y.Rank + 1 || x[^1] == Shape.Unknown || !x[..^2].Accepts(y[..^1]))
            throw Mismatch(inputs, "takes floating-point stretches […, f, i] of known length and a value […, n].");
        if (x[^2] != Shape.Unknown && y[^1] != Shape.Unknown && new Frames(Math.Max(1, x[^1]), Hop).Count(y[^1]) != x[^2])
            throw Mismatch(inputs, $"rows of {y[^1]} elements do not have {x[^2]} stretches of {x[^1]} with hop {Hop}.");
        return [inputs[1] with { Type = inputs[0].Type }];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new LeadingInputs(WidenedKernel.Create([context.Inputs[0]], context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
            ? new AddKernel<double>(Hop, inputs[0].Shape, outputs[0].Shape)
            : new AddKernel<float>(Hop, inputs[0].Shape, outputs[0].Shape)), 1, 2, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Frames(node.Inputs[0].Shape[^1], Hop), null];

    private sealed unsafe class AddKernel<T>(int hop, Shape x, Shape y) : ParallelKernel(x.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly (long Count, int Length) _rows = (y[..^1].ElementCount, y[^1]);
        private readonly (int Count, int Length) _frames = (x[^2], x[^1]);

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_rows.Count, worker, workers);
            for (var row = begin; row < end; row++)
            {
                var target = Operand<T>(1) + row * _rows.Length;
                NativeMemory.Clear(target, (nuint)_rows.Length * (nuint)sizeof(T));
                for (var f = 0; f < _frames.Count; f++)
                    Rows.Add(target + (long)f * hop, T.One, Operand<T>(0) + (row * _frames.Count + f) * _frames.Length, _frames.Length);
            }
        }
    }
}

/// <summary>Stretches of rows.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Frames"/>
    public static Value Frames(this Value x, int length, int hop) => x.Graph.Add(new Frames(length, hop), [x]);

    /// <inheritdoc cref="Ops.OverlapAdd"/>
    public static Value OverlapAdd(this Value frames, int hop, Value like) => frames.Graph.Add(new OverlapAdd(hop), [frames, like]);
}
