using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Training;

/// <summary>
/// The full softmax over classes whose weights w[C, D] are shared out over servers, which compute the scores of their own classes: what travels are features and, for each class's part, three numbers an example; never the weights
/// (Abadi et al., 2016, section 4.2).
/// </summary>
public static class DistantSoftmax
{
    /// <summary>
    /// The cross entropies −log softmax(features · wᵀ)[label] of each example [N]. For a bias, the features end with a 1. Where the loss is differentiated, the servers keep the gradient of w, and use it with the step's others. Once for
    /// each table in a step.
    /// </summary>
    /// <param name="classes">Where the weights are.</param>
    /// <param name="table">The number of w among the learned variables (<see cref="RemoteModel.Classes"/>).</param>
    /// <param name="features">[N, D], Float32.</param>
    /// <param name="labels">The right classes [N], Int64.</param>
    /// <exception cref="ShapeException">The shapes or types do not fit.</exception>
    public static Value CrossEntropies(IDistantClasses classes, int table, Value features, Value labels) =>
        features.Graph.AddNode(new DistantSoftmaxLosses(classes, table), [features, labels]).Outputs[0];
}

/// <summary>Computes scores of classes elsewhere.</summary>
public interface IDistantClasses
{
    /// <summary>The cross entropies of some examples.</summary>
    /// <param name="table">The number of the weights w[C, D] among the learned variables.</param>
    /// <param name="features">[N, D].</param>
    /// <param name="labels">The right classes [N], Int64.</param>
    /// <param name="losses">Receives them, [N].</param>
    /// <param name="normalizers">Receives log Σ exp(features · wᵀ), [N].</param>
    void Losses(int table, Tensor features, Tensor labels, Tensor losses, Tensor normalizers);

    /// <summary>The gradient of a function of <see cref="Losses"/> with respect to the features; that with respect to the weights stays where they are, for the next update.</summary>
    /// <param name="table">As there.</param>
    /// <param name="features">As there.</param>
    /// <param name="labels">As there.</param>
    /// <param name="normalizers">As received there.</param>
    /// <param name="lossGradients">With respect to each of the losses, [N].</param>
    /// <param name="featureGradients">Receives it, [N, D].</param>
    void Gradients(int table, Tensor features, Tensor labels, Tensor normalizers, Tensor lossGradients, Tensor featureGradients);
}

/// <summary>Inputs: features[N, D], labels[N]. Outputs: losses[N], normalisers[N].</summary>
internal sealed record DistantSoftmaxLosses(IDistantClasses Classes, int Table) : Operation
{
    public override bool IsStateful => true;

    public override string? NoVectorizationReason => "Servers take one batch at a time.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (inputs[0].Type != DType.Float32 || inputs[0].Shape.Rank != 2 || inputs[1].Type != DType.Int64 || !inputs[0].Shape[..1].Accepts(inputs[1].Shape)) throw Mismatch(inputs, "takes features[N, D] of Float32 and labels[N] of Int64.");
        var each = new TensorType(DType.Float32, inputs[0].Shape[..1]);
        return [each, each];
    }

    public override Kernel Prepare(PrepareContext context) => new DistantKernel(context.Inputs, context.Outputs, (i, o) => Classes.Losses(Table, i[0], i[1], o[0], o[1]));

    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        if (outputGradients[1] is not null) throw new DunlinException($"Of {node.Name} only the losses are differentiated.");
        var gradients = node.Graph.AddNode(new DistantSoftmaxGradients(Classes, Table), [node.Inputs[0], node.Inputs[1], node.Outputs[1], outputGradients[0]!]);
        return [gradients.Outputs[0], null];
    }
}

/// <summary>Inputs: features[N, D], labels[N], normalisers[N], gradients of the losses[N]. Output: gradients of the features[N, D].</summary>
internal sealed record DistantSoftmaxGradients(IDistantClasses Classes, int Table) : Operation
{
    public override bool IsStateful => true;

    public override string? NoVectorizationReason => "Servers take one batch at a time.";

    public override string? NoGradientReason => "The weights that it depends on are elsewhere.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        return [inputs[0]];
    }

    public override Kernel Prepare(PrepareContext context) => new DistantKernel(context.Inputs, context.Outputs, (i, o) => Classes.Gradients(Table, i[0], i[1], i[2], i[3], o[0]));
}

/// <summary>Gives copies of its operands to a function.</summary>
internal sealed unsafe class DistantKernel(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs, Action<Tensor[], Tensor[]> function) : Kernel
{
    private readonly Tensor[] _inputs = [.. inputs.Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
    private readonly Tensor[] _outputs = [.. outputs.Select(t => Tensor.Uninitialized(t.Type, t.Shape))];

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        for (var i = 0; i < _inputs.Length; i++) Buffer.MemoryCopy((void*)buffers[i], (void*)_inputs[i].Address, _inputs[i].Bytes, _inputs[i].Bytes);
        function(_inputs, _outputs);
        for (var i = 0; i < _outputs.Length; i++) Buffer.MemoryCopy((void*)_outputs[i].Address, (void*)buffers[_inputs.Length + i], _outputs[i].Bytes, _outputs[i].Bytes);
    }
}
