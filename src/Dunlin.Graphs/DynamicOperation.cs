using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs;

/// <summary>An operation that may have to be evaluated between plans, because types of its outputs depend on its inputs' elements.</summary>
internal interface IEvaluated
{
    /// <summary>Whether that is so for inputs of the given types, all of whose lengths are known.</summary>
    bool MustEvaluate(IReadOnlyList<TensorType> inputs);

    /// <summary>Computes the outputs in new tensors.</summary>
    IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session);
}

/// <summary>
/// An operation whose outputs' shapes depend on its inputs' elements (the positions where something holds, say). Its shape rule leaves
/// those lengths unknown even when all its inputs' are known. A plan computes what it needs, the operation makes its outputs, and what
/// depends on them is planned for the shapes they turn out to have.
/// </summary>
public abstract record DynamicOperation : Operation, IEvaluated
{
    /// <inheritdoc/>
    public override string? NoVectorizationReason => "The result's lengths depend on the elements, and may differ between examples: then they can't be put together, which is an error.";

    /// <summary>Computes the outputs in new tensors.</summary>
    /// <param name="inputs">The inputs' elements; not to be changed or kept.</param>
    /// <param name="session">The session that runs the step.</param>
    /// <returns>One for each output, of a type that the shape rule accepts.</returns>
    public abstract IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session);

    /// <inheritdoc/>
    public sealed override Kernel Prepare(PrepareContext context) => throw new InvalidOperationException($"{Name} has no kernel: it is evaluated between plans.");

    bool IEvaluated.MustEvaluate(IReadOnlyList<TensorType> inputs) => true;
}
