using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Training;

/// <summary>Input: features[…, D]. Output: scores[…, C].</summary>
internal sealed record DistantScores(IDistantClasses Classes, Variable Weights) : Operation
{
    public override bool IsStateful => true;

    public override string? NoVectorizationReason => "Servers take one batch at a time.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (inputs[0].Type != DType.Float32 || inputs[0].Shape.Rank < 2 || inputs[0].Shape[^1] != Weights.TensorType.Shape[1]) throw Mismatch(inputs, $"takes features[…, {Weights.TensorType.Shape[1]}] of Float32.");
        return [new(DType.Float32, inputs[0].Shape[..^1].Append(Weights.TensorType.Shape[0]))];
    }

    public override Kernel Prepare(PrepareContext context) => new DistantKernel(context.Inputs, context.Outputs, (i, o) => Classes.Scores(Weights, i[0], o[0]));

    /// <summary>Said, and not passed over as the gradient of what is not smooth.</summary>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => throw new DunlinException(
        $"The scores of the classes of {Weights.Name} are computed on servers, which know the gradient of their softmax cross entropy alone: train by {nameof(Losses)}.{nameof(Losses.SoftmaxCrossEntropy)} of the scores as they are.");
}

/// <summary>Inputs: features[…, D], labels[…]. Outputs: losses[…], normalisers[…].</summary>
internal sealed record DistantSoftmaxLosses(IDistantClasses Classes, Variable Weights) : Operation
{
    public override bool IsStateful => true;

    public override string? NoVectorizationReason => "Servers take one batch at a time.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (inputs[0].Type != DType.Float32 || inputs[0].Shape.Rank < 2 || inputs[1].Type != DType.Int64 || !inputs[0].Shape[..^1].Accepts(inputs[1].Shape)) throw Mismatch(inputs, "takes features[…, D] of Float32 and labels[…] of Int64.");
        var each = new TensorType(DType.Float32, inputs[0].Shape[..^1]);
        return [each, each];
    }

    public override Kernel Prepare(PrepareContext context) => new DistantKernel(context.Inputs, context.Outputs, (i, o) => Classes.Losses(Weights, i[0], i[1], o[0], o[1]));

    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        if (outputGradients[1] is not null) throw new DunlinException($"Of {node.Name} only the losses are differentiated.");
        var gradients = node.Graph.AddNode(new DistantSoftmaxGradients(Classes, Weights), [node.Inputs[0], node.Inputs[1], node.Outputs[1], outputGradients[0]!]);
        return [gradients.Outputs[0], null];
    }
}

/// <summary>Inputs: features[…, D], labels[…], normalisers[…], gradients of the losses[…]. Output: gradients of the features[…, D].</summary>
internal sealed record DistantSoftmaxGradients(IDistantClasses Classes, Variable Weights) : Operation
{
    public override bool IsStateful => true;

    public override string? NoVectorizationReason => "Servers take one batch at a time.";

    public override string? NoGradientReason => "The weights that it depends on are elsewhere.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        return [inputs[0]];
    }

    public override Kernel Prepare(PrepareContext context) => new DistantKernel(context.Inputs, context.Outputs, (i, o) => Classes.Gradients(Weights, i[0], i[1], i[2], i[3], o[0]));
}

/// <summary>Gives copies of its operands to a function: as many examples as the first one has rows, whatever their order in it.</summary>
internal sealed unsafe class DistantKernel : Kernel
{
    private readonly Tensor[] _inputs;
    private readonly Tensor[] _outputs;
    private readonly Action<Tensor[], Tensor[]> _function;

    public DistantKernel(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs, Action<Tensor[], Tensor[]> function)
    {
        var each = inputs[0].Shape.Rank - 1;
        var examples = checked((int)inputs[0].Shape[..^1].ElementCount);
        Tensor Room(TensorType type) => Tensor.Uninitialized(type.Type, type.Shape.Rank > each ? [examples, type.Shape[^1]] : [examples]);
        (_inputs, _outputs, _function) = ([.. inputs.Select(Room)], [.. outputs.Select(Room)], function);
    }

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        for (var i = 0; i < _inputs.Length; i++) Buffer.MemoryCopy((void*)buffers[i], (void*)_inputs[i].Address, _inputs[i].Bytes, _inputs[i].Bytes);
        _function(_inputs, _outputs);
        for (var i = 0; i < _outputs.Length; i++) Buffer.MemoryCopy((void*)_outputs[i].Address, (void*)buffers[_inputs.Length + i], _outputs[i].Bytes, _outputs[i].Bytes);
    }
}
