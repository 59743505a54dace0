using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Differentiation;

/// <summary>Small networks in Float64 with the mean loss of a batch.</summary>
/// <param name="Loss">The mean loss.</param>
/// <param name="Batch">Inputs and labels.</param>
/// <param name="Parameters">The parameters.</param>
/// <param name="Examples">Elements of the batch.</param>
/// <param name="Weights">Elements of the parameters.</param>
internal sealed record Net(Value Loss, Value[] Batch, Value[] Parameters, Tensor[] Examples, Tensor[] Weights)
{
    public static Net Make(string kind, int examples) => kind switch
    {
        "mlp" => Build(examples, [5], [[5, 7], [7], [7, 3]], (x, w) => (x.MatMul(w[0]) + w[1]).Tanh().MatMul(w[2])),
        "lenet" => Build(examples, [1, 12, 12], [[4, 1, 3, 3], [4, 1, 1], [6, 4, 2, 2], [24, 3]], (x, w) =>
            (x.Conv(w[0]) + w[1]).Relu().MaxPool([2, 2], Sliding.Uniform(2, stride: 2)).Conv(w[2]).Tanh().AveragePool([2, 2], Sliding.Uniform(2, stride: 2)).Flatten().MatMul(w[3])),
        "layer norm" => Build(examples, [5], [[5, 6], [6], [6], [6, 3]], (x, w) => x.MatMul(w[0]).LayerNorm(w[1], w[2]).Gelu().MatMul(w[3])),
        "embedding" => Build(examples, [4], [[9, 2], [8, 3]], (x, w) => w[0].Gather((x * 1.3 + 4).Clip(0, 8).Cast(DType.Int32)).Tanh().Flatten().MatMul(w[1])),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static Net Build(int examples, Shape example, Shape[] weights, Func<Value, Value[], Value> function)
    {
        var graph = new Graph();
        var shape = Shape.Of(examples).Append(example.Dimensions);
        var x = graph.Placeholder("x", DType.Float64, shape);
        var labels = graph.Placeholder("labels", DType.Int32, [examples]);
        Value[] parameters = [.. weights.Select((w, i) => graph.Placeholder($"w{i}", DType.Float64, w))];
        var loss = function(x, parameters).SoftmaxCrossEntropy(labels).Mean();
        return new(loss, [x, labels], parameters, [RandomTensors.Normal(shape, 1), Tensor.From([.. Enumerable.Range(0, examples).Select(i => i * 7 % 3)])],
            [.. weights.Select((w, i) => RandomTensors.Normal(w, (uint)i + 2))]);
    }
}
