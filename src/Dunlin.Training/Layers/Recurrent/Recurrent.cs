using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// A recurrent layer: a cell that goes through x[N, T, features] step by step. Gives the outputs of all steps y[N, T, outputs] or, with
/// <see cref="LastOnly"/>, of the last y[N, outputs]. What of the inputs' part can be is computed for all steps at once.
/// </summary>
/// <param name="cell">What happens in a step.</param>
public sealed class Recurrent(RecurrentCell cell) : Layer
{
    /// <summary>What happens in a step.</summary>
    public RecurrentCell Cell { get; } = cell;

    /// <inheritdoc/>
    public override string Kind => Cell.Kind;

    /// <summary>Whether it begins with the last step; outputs stay in the inputs' order.</summary>
    public bool Reverse { get; init; }

    /// <summary>Whether only the output after the last step is given.</summary>
    public bool LastOnly { get; init; }

    /// <summary>Whether x and y are [T, N, …].</summary>
    public bool TimeMajor { get; init; }

    /// <summary>
    /// Whether it begins, in training, with the states that the step before ended with (truncated backpropagation through time: gradients stop
    /// there). The batch must be of known size. Variables: state_0 and on, [N, features], not trained; see <see cref="ResetStates"/>.
    /// </summary>
    public bool CarriesStates { get; init; }

    /// <summary>Builds the layer for sequences of different lengths, or from given states.</summary>
    /// <param name="context">The context.</param>
    /// <param name="x">The inputs [N, T, features].</param>
    /// <param name="lengths">Int64 [N]: states stay as they are after so many steps; null where all steps count.</param>
    /// <param name="initial">The states before the first step, [N, features] each; zeros unless given.</param>
    /// <returns>The outputs, and the states after the last step.</returns>
    /// <exception cref="ShapeException">Something does not fit.</exception>
    public (Value Outputs, IReadOnlyList<Value> States) Apply(BuildContext context, Value x, Value? lengths = null, IReadOnlyList<Value>? initial = null)
    {
        IReadOnlyList<Value> states = [];
        var outputs = context.Within(this, x, (c, input) =>
        {
            (var y, states) = Run(c, input, lengths, initial);
            return y;
        });
        return (outputs, states);
    }

    /// <summary>Sets carried states to zero, as at the beginning of a text.</summary>
    /// <param name="session">Holds the states.</param>
    /// <param name="path">The layer's path in the model; of all layers within it.</param>
    public static void ResetStates(Session session, string path = "")
    {
        foreach (var variable in session.Graph.Variables)
            if (!variable.IsTrainable && variable.Name.StartsWith(path, StringComparison.Ordinal) && variable.Name[(variable.Name.LastIndexOf('/') + 1)..].StartsWith("state_", StringComparison.Ordinal))
                session.Storage(variable).RawBytes.Clear();
    }

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => Run(context, input, null, null).Outputs;

    private (Value Outputs, IReadOnlyList<Value> States) Run(BuildContext context, Value input, Value? lengths, IReadOnlyList<Value>? initial)
    {
        if (input.Shape.Rank != 3 || !input.Type.IsFloat()) throw new ShapeException($"expected x[N, T, features] of floating-point numbers, got {input.TensorType}.");
        var x = TimeMajor ? input : input.Transpose(1, 0, 2);
        var steps = Cell.Prepare(context, x);
        Variable[] carried = CarriesStates && context.IsTraining && initial is null ? Carried(context, x) : [];
        IReadOnlyList<Value> first = initial ?? (carried.Length > 0 ? [.. carried.Select(c => c.Value)] : [.. Cell.StateFeatures.Select(f => Zeros(x, f))]);
        if (first.Count != Cell.StateFeatures.Count) throw new ShapeException($"{Cell.Kind} has {Cell.StateFeatures.Count} states; {first.Count} were given.");
        Value[] scanned = lengths is null ? [steps.Inputs] : [steps.Inputs, Times(x)];
        var (states, outputs) = ControlFlow.Scan(scanned, first, (s, e) =>
        {
            var next = steps.Next(s, e[0]);
            if (lengths is not null)
            {
                var real = (e[1] < lengths).ExpandDims(1);
                next = [.. next.Zip(s, (after, before) => Operations.Select(real, after, before))];
            }
            return (next, LastOnly ? [] : [next[0]]);
        }, new() { Name = "steps", Reverse = Reverse });
        for (var i = 0; i < carried.Length; i++) context.Update(carried[i], states[i]);
        return (LastOnly ? states[0] : TimeMajor ? outputs[0] : outputs[0].Transpose(1, 0, 2), states);
    }

    private Variable[] Carried(BuildContext context, Value x) => x.Shape[1] is var batch && batch != Shape.Unknown
        ? [.. Cell.StateFeatures.Select((f, i) => context.Variable($"state_{i}", [batch, f], Initializers.Zeros, trainable: false, x.Type))]
        : throw new ShapeException($"carries states from step to step, so it needs a batch of known size, not {x.Shape}.");

    /// <summary>Zeros [N, features] for x[T, N, …].</summary>
    private static Value Zeros(Value x, int features) => x.Shape[1] is var batch && batch != Shape.Unknown
        ? x.Graph.Constant(Tensor.Zeros(x.Type, [batch, features]))
        : x.Number(0).BroadcastTo([1, features]) * x.Sum([0, 2]).ZerosLike().ExpandDims(1);

    /// <summary>The numbers of the steps, [T].</summary>
    private static Value Times(Value x) => x.Sum([1, 2]).OnesLike().Cast(DType.Int64).CumSum(0, exclusive: true);
}
