using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>A number that has to be finite is not.</summary>
public sealed class NonFiniteException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public NonFiniteException(string message) : base(message) { }
}

/// <summary>The input itself, which ends the step with a <see cref="NonFiniteException"/> if any element is NaN or infinite.</summary>
/// <remarks>Gradient: dy.</remarks>
/// <param name="What">What the message calls the input.</param>
public sealed record CheckFinite(string What) : Operation
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override bool PassesThrough => true;

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type.IsFloat() ? [inputs[0]] : throw Mismatch(inputs, "takes floating-point numbers; others are always finite.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new CheckKernel(What, context.Inputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]];

    private sealed unsafe class CheckKernel(string what, TensorType type) : Kernel
    {
        private readonly CopyKernel _copy = new(type.Bytes);

        public override bool CanOverwrite(int input, int output) => true;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            if (Finiteness.FirstViolation(type.Type, buffers[0], type.Shape.ElementCount) is var (at, value) && at >= 0)
                throw new NonFiniteException($"{what} is {value}{(type.Shape.ElementCount > 1 ? $" at element {at}" : "")}.");
            _copy.Run(buffers, threads);
        }
    }
}

/// <summary>Searches memory for NaN and infinities.</summary>
public static unsafe class Finiteness
{
    /// <summary>The first element that is NaN or infinite, or −1 if there is none (or the type has none).</summary>
    public static (long Index, double Value) FirstViolation(DType type, nint address, long count)
    {
        for (var i = 0L; i < count; i++)
        {
            var value = type switch
            {
                DType.Float32 => ((float*)address)[i],
                DType.Float64 => ((double*)address)[i],
                DType.Float16 => (double)((Half*)address)[i],
                DType.BFloat16 => ((BFloat16*)address)[i],
                _ => 0,
            };
            if (!double.IsFinite(value)) return (i, value);
            if (!type.IsFloat()) break;
        }
        return (-1, 0);
    }
}

/// <summary>Checks.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.CheckFinite"/>
    public static Value CheckFinite(this Value x, string? what = null) => x.Graph.Add(new CheckFinite(what ?? x.Name), [x]);
}
