using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000): i, f, o = σ(W·xₜ + U·hₜ₋₁ + b), g = tanh(W·xₜ + U·hₜ₋₁ + b),
/// cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh(cₜ). Variables, gates in the order i, f, g, o: input_weight[4·units, in], state_weight[4·units, outputs], bias[4·units];
/// peepholes[3, units] in the order i, f, o; projection[projection, units]. States: h (or its projection), c.
/// </summary>
/// <param name="units">Features of c.</param>
public sealed class LstmCell(int units) : RecurrentCell(units)
{
    /// <summary>Whether the gates see the cell: pᵢ·cₜ₋₁ and p_f·cₜ₋₁ are added within i and f, pₒ·cₜ within o (Gers et al., 2002).</summary>
    public bool Peepholes { get; init; }

    /// <summary>Features of the projection of h that takes its place (Sak et al., 2014).</summary>
    /// <value>At least 1; null for none.</value>
    public int? Projection { get; init => field = value is { } features ? Require.AtLeast(nameof(LstmCell), features, 1, nameof(Projection)) : null; }

    /// <summary>The bound that cₜ is held within.</summary>
    /// <value>Above 0; null for none.</value>
    public double? CellClip { get; init => field = value is { } bound ? Require.Above(nameof(LstmCell), bound, 0, nameof(CellClip)) : null; }

    /// <summary>What the forget gate's bias starts with.</summary>
    /// <value>1 unless set, so that cells remember at first (Jozefowicz et al., 2015).</value>
    public double ForgetBias { get; init; } = 1;

    /// <inheritdoc/>
    public override int OutputFeatures => Projection ?? Units;

    /// <inheritdoc/>
    public override IReadOnlyList<int> StateFeatures => [OutputFeatures, Units];

    /// <inheritdoc/>
    public override RecurrentSteps Prepare(BuildContext context, Value x)
    {
        var inputs = Project(context, x, 4 * Units, new GateBias(4, 1, ForgetBias));
        var weight = Weight(context, "state_weight", 4 * Units, OutputFeatures, x.Type).Value;
        var peepholes = Peepholes ? Weight(context, "peepholes", 3, Units, x.Type).Value.Unstack() : null;
        var projection = Projection is { } features ? Weight(context, "projection", features, Units, x.Type).Value : null;
        return new(inputs, (states, input) =>
        {
            var (h, c) = (states[0], states[1]);
            var gates = (input + h.MatMul(weight, transposeB: true)).Split(4, -1);
            var (i, f, g, o) = (gates[0], gates[1], gates[2], gates[3]);
            if (peepholes is not null) (i, f) = (i + peepholes[0] * c, f + peepholes[1] * c);
            var next = f.Sigmoid() * c + i.Sigmoid() * g.Tanh();
            if (CellClip is { } bound) next = next.Clip(-bound, bound);
            if (peepholes is not null) o += peepholes[2] * next;
            var output = o.Sigmoid() * next.Tanh();
            return [projection is null ? output : output.MatMul(projection, transposeB: true), next];
        });
    }
}

/// <summary>Zeros, but for one of several gates a number.</summary>
/// <param name="Gates">How many gates stand one after the other.</param>
/// <param name="Gate">Which one is not 0.</param>
/// <param name="Value">What it is.</param>
internal sealed record GateBias(int Gates, int Gate, double Value) : Initializer
{
    /// <inheritdoc/>
    public override void Fill(Tensor target, ulong seed, ulong stream)
    {
        Initializers.Zeros.Fill(target, seed, stream);
        var units = target.Shape[0] / Gates;
        var part = Tensor.Uninitialized(target.Type, [units]);
        Initializers.Constant(Value).Fill(part, seed, stream);
        part.RawBytes.CopyTo(target.RawBytes[(int)(Gate * part.Bytes)..]);
        GC.KeepAlive(part);
    }
}
