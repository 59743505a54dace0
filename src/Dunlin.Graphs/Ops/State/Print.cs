using System.Globalization;
using System.Text;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The input itself, of which a line is written each time it is computed: a label, the type and shape, and the first elements. The line goes
/// to the session's <see cref="SessionOptions.Output"/>. Writing allocates; take it out of what has to be fast.
/// </summary>
/// <remarks>Gradient: dy.</remarks>
/// <param name="Label">What the line begins with.</param>
/// <param name="Elements">How many elements to show, at least 0.</param>
public sealed record Print(string Label, int Elements) : Operation
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override bool PassesThrough => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (inputs[0].Type == DType.List) throw Mismatch(inputs, "does not print lists; print their elements.");
        return Elements >= 0 ? [inputs[0]] : throw Mismatch(inputs, $"shows at least 0 elements, not {Elements}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new PrintKernel(this, context.Inputs[0], context.Resources.Output);

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Each example has a line of its own.";

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]];

    /// <summary>Such as <c>0.5, -1, … (10 in all)</c>.</summary>
    internal static unsafe string Show(TensorType type, nint address, int most)
    {
        var count = type.Shape.ElementCount;
        var text = new StringBuilder();
        for (var i = 0L; i < Math.Min(count, most); i++)
        {
            if (i > 0) text.Append(", ");
            text.Append(type.Type switch
            {
                DType.Float32 => ((float*)address)[i].ToString(CultureInfo.InvariantCulture),
                DType.Float64 => ((double*)address)[i].ToString(CultureInfo.InvariantCulture),
                DType.Float16 => ((Half*)address)[i].ToString(CultureInfo.InvariantCulture),
                DType.BFloat16 => ((float)((BFloat16*)address)[i]).ToString(CultureInfo.InvariantCulture),
                DType.Int64 => ((long*)address)[i].ToString(CultureInfo.InvariantCulture),
                DType.Int32 => ((int*)address)[i].ToString(CultureInfo.InvariantCulture),
                DType.UInt8 => ((byte*)address)[i].ToString(CultureInfo.InvariantCulture),
                _ => ((byte*)address)[i] != 0 ? "true" : "false",
            });
        }
        if (count > most) text.Append(CultureInfo.InvariantCulture, $"{(most > 0 ? ", " : "")}… ({count} in all)");
        return text.ToString();
    }

    private sealed unsafe class PrintKernel(Print print, TensorType type, TextWriter output) : Kernel
    {
        private readonly CopyKernel _copy = new(type.Bytes);

        public override bool CanOverwrite(int input, int output) => true;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var line = $"{print.Label} {type}: {Show(type, buffers[0], print.Elements)}";
            // Steps may run at the same time.
            lock (output) output.WriteLine(line);
            _copy.Run(buffers, threads);
        }
    }
}

/// <summary>Looking at values.</summary>
public static partial class Operations
{
    /// <summary>The value itself, of which a line is written each time it is computed; see <see cref="Ops.Print"/>.</summary>
    /// <param name="x">Any value.</param>
    /// <param name="label">What the line begins with; the value's name unless given.</param>
    /// <param name="elements">How many elements to show.</param>
    public static Value Print(this Value x, string? label = null, int elements = 8) => x.Graph.Add(new Print(label ?? x.Name, elements), [x]);

    /// <summary>How many elements are NaN, as an Int64 scalar.</summary>
    public static Value CountNaN(this Value x) => x.IsNaN().Sum();

    /// <summary>How many elements are NaN or infinite, as an Int64 scalar.</summary>
    public static Value CountNonFinite(this Value x) => (!x.IsFinite()).Sum();
}
