using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>
/// Two recurrent layers, one of which goes from the last step to the first (Schuster and Paliwal, 1997): x[N, T, features] gives the outputs
/// of both side by side, y[N, T, forward outputs + backward outputs].
/// </summary>
/// <param name="forward">The cell that goes forward.</param>
/// <param name="backward">The cell that goes backward; another object, for it has weights of its own.</param>
public sealed class Bidirectional(RecurrentCell forward, RecurrentCell backward) : Layer
{
    private readonly Recurrent _forward = new(forward) { Name = "forward" };
    private readonly Recurrent _backward = new(backward) { Name = "backward", Reverse = true };

    /// <summary>Builds the layer for sequences of different lengths: the backward cell begins at the end of each.</summary>
    /// <param name="context">The context.</param>
    /// <param name="x">The inputs [N, T, features].</param>
    /// <param name="lengths">Int64 [N].</param>
    public Value Apply(BuildContext context, Value x, Value lengths) => context.Within(this, x, (c, input) => Both(c, input, lengths));

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => Both(context, input, null);

    private Value Both(BuildContext context, Value input, Value? lengths) =>
        Operations.Concat([_forward.Apply(context, input, lengths).Outputs, _backward.Apply(context, input, lengths).Outputs], -1);
}
