using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Stands for a derivative that is not known, of the type of the input: a step that needs it fails with the reason when it is planned. Where
/// an operation can be differentiated by some of its inputs only, this keeps the others from passing for constants.
/// </summary>
/// <param name="Reason">A sentence.</param>
internal sealed record Underivable(string Reason) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => false;

    /// <inheritdoc/>
    public override string? NoGradientReason => "It is itself the lack of one.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Only a shape is read, which is the same for all examples.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new Refusal(Reason);

    private sealed class Refusal(string reason) : Kernel
    {
        public override unsafe void Run(nint* buffers, ThreadTeam threads) => throw new DunlinException(reason);
    }
}

/// <summary>Missing derivatives.</summary>
public static partial class Operations
{
    internal static Value Underivable(this Value like, string reason) => like.Graph.Add(new Underivable(reason), [like]);
}
