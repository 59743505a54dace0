namespace Dunlin.Graphs.Ops;

/// <summary>
/// The first input, differentiated as if it were the second (Bengio, Léonard and Courville, "Estimating or propagating gradients through
/// stochastic neurons", 2013): for steps and roundings, whose own derivative is 0 almost everywhere.
/// </summary>
/// <remarks>Gradient: dy for the second input, none for the first.</remarks>
public sealed record StraightThrough : View
{
    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type == inputs[1].Type && inputs[0].Shape.Accepts(inputs[1].Shape) ? [inputs[0]] : throw Mismatch(inputs, "the two have one type and shape.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [null, outputGradients[0]!];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => [inputTangents[1]];
}

/// <summary>Other gradients than the function's own.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.StraightThrough"/>
    /// <param name="forward">What it is.</param>
    /// <param name="backward">What it is differentiated as: of the same type and shape.</param>
    public static Value StraightThrough(Value forward, Value backward) => forward.Graph.Add(new StraightThrough(), [forward, backward]);

    /// <summary>x itself, whose gradient is −scale · dy: trains what comes before it against what comes after (Ganin and Lempitsky, 2015).</summary>
    public static Value ReverseGradient(this Value x, double scale = 1) => Gradients.Custom(x, v => v, (_, _, dy) => dy * -scale);

    /// <summary>x itself, whose gradient's elements are held between −bound and bound.</summary>
    public static Value ClipGradient(this Value x, double bound) => Gradients.Custom(x, v => v, (_, _, dy) => dy.Clip(-bound, bound));
}
