using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>How random numbers are distributed.</summary>
public enum Distribution
{
    /// <summary>Evenly from A (included) to B (not included).</summary>
    Uniform,
    /// <summary>Normally, with mean A and standard deviation B.</summary>
    Normal,
    /// <summary>As <see cref="Normal"/>, but numbers farther than two deviations from the mean are drawn again.</summary>
    TruncatedNormal,
    /// <summary>A plus exponentially distributed numbers of mean B.</summary>
    Exponential,
    /// <summary>As Laplace's double exponential: density exp(−|x − A| / B) / 2B.</summary>
    Laplace,
    /// <summary>As Cauchy's: density 1 / (πB · (1 + ((x − A) / B)²)).</summary>
    Cauchy,
    /// <summary>As the largest of many: distribution function exp(−exp(−(x − A) / B)).</summary>
    Gumbel,
    /// <summary>Logistically: distribution function σ((x − A) / B).</summary>
    Logistic,
    /// <summary>As eᶻ of z that is normally distributed with mean A and standard deviation B.</summary>
    LogNormal,
}

/// <summary>
/// Random numbers. Inputs: a counter, an Int64 scalar such as the step's number, and where no shape is given a value whose shape they take.
/// Element i depends on (seed, stream, counter, i) alone.
/// </summary>
/// <param name="Distribution">Their distribution.</param>
/// <param name="A">Its first parameter.</param>
/// <param name="B">Its second parameter.</param>
/// <param name="Type">A floating-point type.</param>
/// <param name="Shape">The shape, fully known; null for that of the second input.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record RandomFill(Distribution Distribution, double A, double B, DType Type, Shape? Shape, ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override string Name => Distribution == Distribution.TruncatedNormal ? "TruncatedNormal" : $"Random{Distribution}";

    /// <inheritdoc/>
    public override string? NoGradientReason => "It depends on a counter and a shape only.";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Shape is null ? 2 : 1);
        CheckCounter(inputs, 0, Mismatch);
        if (!Type.IsFloat()) throw Mismatch(inputs, $"makes floating-point numbers, not {Type}.");
        if (Shape is { IsKnown: false }) throw Mismatch(inputs, $"the shape {Shape} has unknown lengths; give a value of that shape instead.");
        return [new(Type, Shape ?? inputs[1].Shape)];
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only the counter is read, and each counter is a draw of its own.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) =>
        new FillKernel(this, outputs[0], output: inputs.Count));

    /// <summary>Throws unless the given input is an Int64 scalar.</summary>
    internal static void CheckCounter(IReadOnlyList<TensorType> inputs, int index, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        if (inputs[index].Type != DType.Int64 || inputs[index].Shape.Rank != 0) throw mismatch(inputs, $"the counter is an Int64 scalar, such as a variable that counts steps; got {inputs[index]}.");
    }

    private sealed unsafe class FillKernel(RandomFill fill, TensorType type, int output) : ParallelKernel(16 * type.Shape.ElementCount)
    {
        /// <summary>The draw's index has room above for the number of the attempt.</summary>
        private const int AttemptBits = 56;

        private readonly PhiloxKey _key = new(fill.Seed, fill.Stream);

        public override void Execute(int worker, int workers)
        {
            var key = _key.At(*Operand<long>(0));
            var (begin, end) = ThreadTeam.Share(type.Shape.ElementCount, worker, workers, TileFunction.MaxLength);
            for (var at = begin; at < end; at += TileFunction.MaxLength)
            {
                var length = (int)Math.Min(TileFunction.MaxLength, end - at);
                if (fill.Distribution > Distribution.TruncatedNormal) Invert(key, at, length);
                else if (type.Type == DType.Float64) Fill(new Span<double>(Operand<double>(output) + at, length), key, (ulong)at);
                else Fill(new Span<float>(Operand<float>(output) + at, length), key, (ulong)at);
            }
        }

        /// <summary>Samples by inverting the distribution function, in Float64 so that the tails reach far.</summary>
        private void Invert(PhiloxKey key, long at, int length)
        {
            for (var i = at; i < at + length; i++)
            {
                var draws = new Draws(key, (ulong)i);
                var value = fill.Distribution == Distribution.LogNormal ? Math.Exp(fill.A + fill.B * draws.Normal()) : fill.A + fill.B * Standard(fill.Distribution, ref draws);
                if (type.Type == DType.Float64) Operand<double>(output)[i] = value;
                else Operand<float>(output)[i] = (float)value;
            }
        }

        private static double Standard(Distribution distribution, ref Draws draws) => distribution switch
        {
            Distribution.Exponential => draws.Exponential(),
            Distribution.Laplace => draws.Exponential() * ((draws.Bits() & 1) == 0 ? 1 : -1),
            Distribution.Cauchy => double.TanPi(draws.Uniform() - 0.5),
            Distribution.Gumbel => -Math.Log(draws.Exponential()),
            _ => draws.Uniform() is var u ? Math.Log(u) - SpecialFunctions.Log1p(-u) : 0,
        };

        private void Fill(Span<float> y, PhiloxKey key, ulong at)
        {
            var (a, b) = ((float)fill.A, (float)fill.B);
            if (fill.Distribution == Distribution.Uniform)
            {
                Philox.FillUniform(y, key, at);
                foreach (ref var v in y) v = a + (b - a) * v;
                return;
            }
            Philox.FillNormal(y, key, at);
            for (var i = 0; i < y.Length; i++)
            {
                for (var attempt = 1ul; fill.Distribution == Distribution.TruncatedNormal && MathF.Abs(y[i]) > 2; attempt++)
                    Philox.FillNormal(y.Slice(i, 1), key, at + (ulong)i | attempt << AttemptBits);
                y[i] = a + b * y[i];
            }
        }

        private void Fill(Span<double> y, PhiloxKey key, ulong at)
        {
            if (fill.Distribution == Distribution.Uniform)
            {
                Philox.FillUniform(y, key, at);
                foreach (ref var v in y) v = fill.A + (fill.B - fill.A) * v;
                return;
            }
            Philox.FillNormal(y, key, at);
            for (var i = 0; i < y.Length; i++)
            {
                for (var attempt = 1ul; fill.Distribution == Distribution.TruncatedNormal && Math.Abs(y[i]) > 2; attempt++)
                    Philox.FillNormal(y.Slice(i, 1), key, at + (ulong)i | attempt << AttemptBits);
                y[i] = fill.A + fill.B * y[i];
            }
        }
    }
}

/// <summary>Random numbers.</summary>
public static partial class Operations
{
    /// <summary>Numbers distributed evenly from <paramref name="low"/> to <paramref name="high"/> (not included); see <see cref="RandomFill"/>.</summary>
    public static Value RandomUniform(Value counter, Shape shape, ulong seed, uint stream, double low = 0, double high = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Uniform, low, high, type, shape, seed, stream), [counter]);

    /// <summary>As <see cref="RandomUniform"/>, of a value's type and shape.</summary>
    public static Value RandomUniformLike(this Value like, Value counter, ulong seed, uint stream, double low = 0, double high = 1) =>
        like.Graph.Add(new RandomFill(Distribution.Uniform, low, high, like.Type, null, seed, stream), [counter, like]);

    /// <summary>Normally distributed numbers; see <see cref="RandomFill"/>.</summary>
    public static Value RandomNormal(Value counter, Shape shape, ulong seed, uint stream, double mean = 0, double deviation = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Normal, mean, deviation, type, shape, seed, stream), [counter]);

    /// <summary>As <see cref="RandomNormal"/>, of a value's type and shape.</summary>
    public static Value RandomNormalLike(this Value like, Value counter, ulong seed, uint stream, double mean = 0, double deviation = 1) =>
        like.Graph.Add(new RandomFill(Distribution.Normal, mean, deviation, like.Type, null, seed, stream), [counter, like]);

    /// <summary>Normally distributed numbers within two deviations of the mean; see <see cref="RandomFill"/>.</summary>
    public static Value TruncatedNormal(Value counter, Shape shape, ulong seed, uint stream, double mean = 0, double deviation = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.TruncatedNormal, mean, deviation, type, shape, seed, stream), [counter]);

    /// <summary>Exponentially distributed numbers of mean 1 / <paramref name="rate"/>; see <see cref="RandomFill"/>.</summary>
    public static Value RandomExponential(Value counter, Shape shape, ulong seed, uint stream, double rate = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Exponential, 0, 1 / rate, type, shape, seed, stream), [counter]);

    /// <summary>Laplace-distributed numbers; see <see cref="RandomFill"/>.</summary>
    public static Value RandomLaplace(Value counter, Shape shape, ulong seed, uint stream, double location = 0, double scale = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Laplace, location, scale, type, shape, seed, stream), [counter]);

    /// <summary>Cauchy-distributed numbers; see <see cref="RandomFill"/>.</summary>
    public static Value RandomCauchy(Value counter, Shape shape, ulong seed, uint stream, double location = 0, double scale = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Cauchy, location, scale, type, shape, seed, stream), [counter]);

    /// <summary>Gumbel-distributed numbers; see <see cref="RandomFill"/>.</summary>
    public static Value RandomGumbel(Value counter, Shape shape, ulong seed, uint stream, double location = 0, double scale = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Gumbel, location, scale, type, shape, seed, stream), [counter]);

    /// <summary>As <see cref="RandomGumbel"/>, of a value's type and shape.</summary>
    public static Value RandomGumbelLike(this Value like, Value counter, ulong seed, uint stream) =>
        like.Graph.Add(new RandomFill(Distribution.Gumbel, 0, 1, like.Type, null, seed, stream), [counter, like]);

    /// <summary>Logistically distributed numbers; see <see cref="RandomFill"/>.</summary>
    public static Value RandomLogistic(Value counter, Shape shape, ulong seed, uint stream, double location = 0, double scale = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.Logistic, location, scale, type, shape, seed, stream), [counter]);

    /// <summary>Numbers whose logarithm is normally distributed; see <see cref="RandomFill"/>.</summary>
    public static Value RandomLogNormal(Value counter, Shape shape, ulong seed, uint stream, double mean = 0, double deviation = 1, DType type = DType.Float32) =>
        counter.Graph.Add(new RandomFill(Distribution.LogNormal, mean, deviation, type, shape, seed, stream), [counter]);

    /// <summary>Random numbers of a distribution, with a value's type and shape; see <see cref="RandomFill"/>. For parameters that are learned, shift and scale standard ones.</summary>
    public static Value RandomLike(this Value like, Distribution distribution, Value counter, ulong seed, uint stream, double a = 0, double b = 1) =>
        like.Graph.Add(new RandomFill(distribution, a, b, like.Type, null, seed, stream), [counter, like]);
}
