using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Random integers, evenly from Low (included) to High (not included) and without bias. Inputs: a counter, an Int64 scalar such as the
/// step's number, and where no shape is given a value whose shape they take. Element i depends on (seed, stream, counter, i) alone.
/// </summary>
/// <param name="Low">The least.</param>
/// <param name="High">One more than the largest; above Low.</param>
/// <param name="Type">Int64, Int32 or UInt8.</param>
/// <param name="Shape">The shape, fully known; null for that of the second input.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record RandomIntegers(long Low, long High, DType Type, Shape? Shape, ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on a counter and a shape only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Shape is null ? 2 : 1);
        RandomFill.CheckCounter(inputs, 0, Mismatch);
        if (Shape is { IsKnown: false }) throw Mismatch(inputs, $"the shape {Shape} has unknown lengths; give a value of that shape instead.");
        var (least, largest) = Type switch
        {
            DType.Int64 => (long.MinValue, long.MaxValue),
            DType.Int32 => (int.MinValue, int.MaxValue),
            DType.UInt8 => (byte.MinValue, byte.MaxValue),
            _ => throw Mismatch(inputs, $"makes Int64, Int32 or UInt8, not {Type}."),
        };
        if (Low >= High) throw Mismatch(inputs, $"from {Low} up to but without {High} there is no integer.");
        return Low >= least && High - 1 <= largest ? [new(Type, Shape ?? inputs[1].Shape)] : throw Mismatch(inputs, $"{Type} does not hold all integers from {Low} to {High - 1}.");
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only the counter is read, and each counter is a draw of its own.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new IntegerKernel(this, context.Outputs[0], context.Inputs.Count);

    private sealed unsafe class IntegerKernel(RandomIntegers fill, TensorType type, int output) : ParallelKernel(16 * type.Shape.ElementCount)
    {
        private readonly PhiloxKey _key = new(fill.Seed, fill.Stream);

        public override void Execute(int worker, int workers)
        {
            var key = _key.At(*Operand<long>(0));
            var count = unchecked((ulong)fill.High - (ulong)fill.Low);
            var (begin, end) = ThreadTeam.Share(type.Shape.ElementCount, worker, workers, 64);
            for (var i = begin; i < end; i++)
            {
                var number = unchecked(fill.Low + (long)Philox.Below(count, key, (ulong)i));
                switch (type.Type)
                {
                    case DType.Int64: Operand<long>(output)[i] = number; break;
                    case DType.Int32: Operand<int>(output)[i] = (int)number; break;
                    default: Operand<byte>(output)[i] = (byte)number; break;
                }
            }
        }
    }
}

/// <summary>
/// A random order of 0 … n − 1, all orders alike (Fisher and Yates): Int64[n], n the first length of the second input. Inputs: a counter,
/// an Int64 scalar such as the step's number, and that value. It depends on (seed, stream, counter, n) alone.
/// </summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record RandomPermutation(ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on a counter and a shape only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        RandomFill.CheckCounter(inputs, 0, Mismatch);
        return inputs[1].Shape.Rank > 0 ? [new(DType.Int64, inputs[1].Shape[..1])] : throw Mismatch(inputs, "the second input has a first dimension, whose places are put in order.");
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only the counter is read, and each counter is a draw of its own.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new PermutationKernel(this, context.Outputs[0].Shape[0]);

    private sealed class PermutationKernel(RandomPermutation permutation, int count) : Kernel
    {
        private readonly PhiloxKey _key = new(permutation.Seed, permutation.Stream);

        public override unsafe void Run(nint* buffers, ThreadTeam threads)
        {
            var key = _key.At(*(long*)buffers[0]);
            var order = (long*)buffers[2];
            for (var i = 0; i < count; i++) order[i] = i;
            for (var i = count - 1; i > 0; i--)
            {
                var other = (int)Philox.Below((ulong)i + 1, key, (ulong)i);
                (order[i], order[other]) = (order[other], order[i]);
            }
        }
    }
}

/// <summary>Random integers and orders.</summary>
public static partial class Operations
{
    /// <summary>Integers from <paramref name="low"/> to <paramref name="high"/> (not included); see <see cref="Ops.RandomIntegers"/>.</summary>
    public static Value RandomIntegers(Value counter, Shape shape, ulong seed, uint stream, long low, long high, DType type = DType.Int64) =>
        counter.Graph.Add(new RandomIntegers(low, high, type, shape, seed, stream), [counter]);

    /// <summary>As <see cref="RandomIntegers"/>, of a value's shape.</summary>
    public static Value RandomIntegersLike(this Value like, Value counter, ulong seed, uint stream, long low, long high, DType type = DType.Int64) =>
        counter.Graph.Add(new RandomIntegers(low, high, type, null, seed, stream), [counter, like]);

    /// <summary>A random order of a value's rows; see <see cref="Ops.RandomPermutation"/>.</summary>
    public static Value RandomPermutationLike(this Value rows, Value counter, ulong seed, uint stream) => counter.Graph.Add(new RandomPermutation(seed, stream), [counter, rows]);

    /// <summary>The rows of x in a random order. Gradient: dy put back.</summary>
    public static Value Shuffle(this Value x, Value counter, ulong seed, uint stream) => x.Gather(x.RandomPermutationLike(counter, seed, stream));

    /// <summary>
    /// A part of the given size of x, at a random place, the same for all that a dimension cropped as a whole has (to crop each image of a batch
    /// by itself, crop the images). Gradient: dy in its place.
    /// </summary>
    /// <param name="x">All lengths of the cropped dimensions are known.</param>
    /// <param name="size">As many lengths as x has, none larger; −1 leaves a dimension whole.</param>
    /// <param name="counter">An Int64 scalar, such as the step's number.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A number of the place's own; each dimension draws from the next.</param>
    /// <exception cref="ShapeException">The size does not fit.</exception>
    public static Value RandomCrop(this Value x, int[] size, Value counter, ulong seed, uint stream)
    {
        if (size.Length != x.Shape.Rank) throw new ShapeException($"RandomCrop({x}): the size has {size.Length} lengths, not {x.Shape.Rank}.");
        for (var d = 0; d < size.Length; d++)
        {
            if (size[d] == -1 || size[d] == x.Shape[d]) continue;
            if (x.Shape[d] == Shape.Unknown || size[d] < 0 || size[d] > x.Shape[d]) throw new ShapeException($"RandomCrop({x}): dimension {d} has no {size[d]} elements in a row that are known to be there.");
            var first = RandomIntegers(counter, Shape.Scalar, seed, stream + (uint)d, 0, x.Shape[d] - size[d] + 1);
            x = x.Gather(x.Graph.Range(0, size[d], type: DType.Int64) + first, d);
        }
        return x;
    }
}
