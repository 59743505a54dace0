using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Gives a variable new elements once everything else in the step has read the old ones. Output: the new elements.
/// A plan lets the operation that computes them write straight into the variable where that is safe.
/// </summary>
public sealed record Assign(Variable Variable) : Operation
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override Variable? Writes => Variable;

    /// <inheritdoc/>
    public override string? NoGradientReason => "A step is differentiated as a function of the variables it started with.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type == Variable.TensorType.Type && Variable.TensorType.Shape.Accepts(inputs[0].Shape)
            ? [Variable.TensorType]
            : throw Mismatch(inputs, $"the variable {Variable} takes {Variable.TensorType}.");
    }

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "A variable has one value: assigning what differs between examples is an error.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new CopyKernel(context.Outputs[0].Bytes);

    /// <inheritdoc/>
    public bool Equals(Assign? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Copies bytes.</summary>
internal sealed unsafe class CopyKernel(long bytes) : Kernel
{
    public override bool CanOverwrite(int input, int output) => true;

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        if (buffers[0] != buffers[1]) Buffer.MemoryCopy((void*)buffers[0], (void*)buffers[1], bytes, bytes);
    }
}

/// <summary>Changing variables.</summary>
public static partial class Operations
{
    /// <summary>Gives the variable new elements at the end of the step.</summary>
    public static Value Assign(this Variable variable, Value value) => value.Graph.Add(new Assign(variable), [value], $"{variable.Name}/assign");
}
