using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The first input itself, which ends the step with a <see cref="DunlinException"/> unless every element of the second, the condition
/// (Bool), is true. Further inputs are shown in the message.
/// </summary>
/// <remarks>Gradient: dy for the first input, none for the others.</remarks>
/// <param name="Message">What is wrong if the condition does not hold.</param>
/// <param name="Labels">The names of the further inputs, joined by commas.</param>
public sealed record Assertion(string Message, string Labels) : Operation
{
    private const int Shown = 8;

    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override bool PassesThrough => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        if (inputs.Count < 2 || inputs[1].Type != DType.Bool) throw Mismatch(inputs, "takes a value, a condition (Bool), and values to show.");
        return inputs.All(i => i.Type != DType.List) ? [inputs[0]] : throw Mismatch(inputs, "does not take lists.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new AssertKernel(this, context.Inputs);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0], .. new Gradient?[node.Inputs.Count - 1]];

    private sealed unsafe class AssertKernel(Assertion assert, IReadOnlyList<TensorType> inputs) : Kernel
    {
        private readonly CopyKernel _copy = new(inputs[0].Bytes);
        private readonly long _conditions = inputs[1].Shape.ElementCount;

        public override bool CanOverwrite(int input, int output) => input == 0;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var condition = (byte*)buffers[1];
            for (var i = 0L; i < _conditions; i++)
                if (condition[i] == 0) throw new DunlinException(Failure(buffers, i));
            var pair = stackalloc nint[2];
            (pair[0], pair[1]) = (buffers[0], buffers[inputs.Count]);
            _copy.Run(pair, threads);
        }

        private string Failure(nint* buffers, long at)
        {
            var message = _conditions == 1 ? assert.Message : $"{assert.Message} (element {at} of {_conditions})";
            var labels = assert.Labels.Split(',');
            for (var i = 2; i < inputs.Count; i++) message += $"{(i == 2 ? ":" : ";")} {labels[i - 2]} {inputs[i]} is {Print.Show(inputs[i], buffers[i], Shown)}";
            return message + ".";
        }
    }
}

/// <summary>Demands on values.</summary>
public static partial class Operations
{
    /// <summary>The value itself, which ends the step with an error unless a condition holds everywhere; see <see cref="Assertion"/>.</summary>
    /// <param name="x">What is handed on: only what is computed from the result, or the result as a target of a step, makes the condition be checked.</param>
    /// <param name="condition">Bool, of any shape.</param>
    /// <param name="message">What is wrong if it does not hold; it names the condition unless given.</param>
    /// <param name="show">Values to show in the message.</param>
    public static Value Assert(this Value x, Value condition, string? message = null, params IReadOnlyList<Value> show) =>
        x.Graph.Add(new Assertion(message ?? $"{condition.Name} does not hold", string.Join(",", show.Select(v => v.Name.Replace(',', ' ')))), [x, condition, .. show]);

    /// <summary>
    /// The number that a counting variable has before the step, after which it is one more; at the limit, the step ends with a <see cref="DunlinException"/>
    /// and the counter stays.
    /// </summary>
    /// <param name="counter">An Int32 or Int64 scalar.</param>
    /// <param name="limit">The first number that is not given out.</param>
    /// <exception cref="ShapeException">The variable is no integer scalar.</exception>
    public static Value CountUpTo(this Variable counter, long limit)
    {
        var value = counter.Value;
        if (value.Type is not (DType.Int32 or DType.Int64) || value.Shape.Rank != 0) throw new ShapeException($"CountUpTo({counter}): counts in an Int32 or Int64 scalar.");
        var before = value.Assert(value < limit, $"The counter {counter.Name} has reached its limit {limit}", value);
        return counter.Assign(before + 1) - 1;
    }
}
