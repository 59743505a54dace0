namespace Dunlin.Graphs.Ops;

/// <summary>What the operations on linear-chain conditional random fields take: emissions[N, T, K], transitions[K, K] and lengths[N].</summary>
internal readonly struct CrfShapes
{
    private CrfShapes(int batch, int steps, int labels) => (Batch, Steps, Labels) = (batch, steps, labels);

    public int Batch { get; }

    public int Steps { get; }

    public int Labels { get; }

    public static CrfShapes Of(IReadOnlyList<TensorType> inputs) => new(inputs[0].Shape[0], inputs[0].Shape[1], inputs[0].Shape[2]);

    public static void Check(IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, emissions) = inputs[0];
        if (!type.IsFloat() || emissions.Rank != 3) throw mismatch(inputs, "the first input, the emissions, is floating-point [N, T, K].");
        if (emissions[2] == 0) throw mismatch(inputs, "there is at least one label.");
        if (inputs[1].Type != type || !Shape.Of(emissions[2], emissions[2]).Accepts(inputs[1].Shape)) throw mismatch(inputs, $"the second input, the transitions from each label to each, is {type}[{emissions[2]}, {emissions[2]}].");
        if (inputs[2].Type is not (DType.Int32 or DType.Int64) || !emissions[..1].Accepts(inputs[2].Shape)) throw mismatch(inputs, "the third input, the lengths [N], is Int32 or Int64.");
    }
}
