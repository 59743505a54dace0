using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>An operation whose output exists before a plan runs, so that it has no kernel.</summary>
public abstract record Source : Operation
{
    /// <inheritdoc/>
    public override string? NoVectorizationReason => "It has no inputs that could differ.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => throw new InvalidOperationException($"{Name} has no kernel: plans bind its memory.");

    /// <inheritdoc/>
    public override string? NoGradientReason => "It has no inputs.";
}

/// <summary>A value that is given anew at each run.</summary>
public sealed record Placeholder(TensorType Fed) : Source
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [Fed];
}

/// <summary>A value that never changes.</summary>
public sealed record Constant(Tensor Tensor) : Source
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [Tensor.TensorType];

    /// <summary>Equal constants are those of the same bytes.</summary>
    public bool Equals(Constant? other) => other is not null && (ReferenceEquals(Tensor, other.Tensor)
        || (Tensor.TensorType == other.Tensor.TensorType && Tensor.Bytes <= 4096 && Tensor.RawBytes.SequenceEqual(other.Tensor.RawBytes)));

    /// <inheritdoc/>
    public override int GetHashCode() => Tensor.TensorType.GetHashCode();
}

/// <summary>A variable's elements before the step.</summary>
public sealed record ReadVariable(Variable Variable) : Source
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [Variable.TensorType];

    /// <inheritdoc/>
    public bool Equals(ReadVariable? other) => ReferenceEquals(Variable, other?.Variable);

    /// <inheritdoc/>
    public override int GetHashCode() => Variable.Name.GetHashCode(StringComparison.Ordinal);
}
