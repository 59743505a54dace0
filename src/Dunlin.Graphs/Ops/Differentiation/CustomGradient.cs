using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>A rule for gradients: from a region's inputs, its outputs and the outputs' gradients those of the inputs.</summary>
/// <returns>One for each input; null where there is none.</returns>
public delegate IReadOnlyList<Gradient?> GradientRule(IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs, IReadOnlyList<Value> outputGradients);

/// <summary>
/// The end of a region of the graph whose gradient is given rather than derived. Inputs: the region's inputs x… and then its outputs y….
/// Outputs: y… as they are; differentiation passes them on to x… by the rule and does not enter the region.
/// </summary>
/// <remarks>Gradient: the rule's.</remarks>
/// <param name="Sources">How many inputs the region has.</param>
/// <param name="Rule">The rule.</param>
/// <param name="IsDerivative">Whether the rule computes the region's true gradient, so that forward mode may go through the region.</param>
internal sealed record CustomGradient(int Sources, GradientRule Rule, bool IsDerivative) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [.. inputs.Skip(Sources)];

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => inputs.Count == Sources + 1 ? new MemoryView(Sources) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new PassKernel(Sources, [.. context.Outputs.Select(o => o.Bytes)]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        bool[] own = [.. inputs.Select(i => i.IsBatched)];
        var (sources, rule) = (Sources, Rule);
        GradientRule each = (xs, ys, dys) =>
        {
            Value[] all = [.. xs, .. ys, .. dys];
            int?[] axes = [.. all.Select((_, i) => i >= sources || own[i] ? (int?)0 : null)];
            bool[] given = new bool[sources];
            var dxs = Vectorize.Map(one =>
            {
                var parts = rule([.. one.Take(sources)], [.. one.Skip(sources).Take(ys.Count)], [.. one.Skip(sources + ys.Count)]);
                for (var i = 0; i < sources; i++) given[i] = parts[i] is not null;
                return [.. parts.OfType<Gradient>().Select(p => p.Dense())];
            }, all, axes);
            // What all examples share gets the sum of their gradients.
            var next = 0;
            return [.. Enumerable.Range(0, sources).Select(i => !given[i] ? null : (Gradient)(own[i] ? dxs[next++] : dxs[next++].Sum([0])))];
        };
        return node.Graph.AddNode(new CustomGradient(sources, each, IsDerivative),
            [.. inputs.Take(sources).Select(i => i.Value), .. inputs.Skip(sources).Select(batching.Everywhere)]).Outputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        Value[] dys = [.. outputGradients.Select((dy, o) => dy ?? node.Outputs[o].ZerosLike())];
        var dxs = Rule([.. node.Inputs.Take(Sources)], [.. node.Inputs.Skip(Sources)], dys);
        return dxs.Count == Sources
            ? [.. dxs, .. dys.Select(_ => default(Gradient))]
            : throw new DunlinException($"The gradient rule of {node.Name} returns one gradient for each of {Sources} inputs; got {dxs.Count}.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        IsDerivative ? [.. inputTangents.Skip(Sources)] : base.PushForward(node, inputTangents);

    private sealed unsafe class PassKernel(int sources, long[] bytes) : Kernel
    {
        public override bool CanOverwrite(int input, int output) => input == sources + output;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            for (var o = 0; o < bytes.Length; o++)
            {
                var (from, to) = (buffers[sources + o], buffers[sources + bytes.Length + o]);
                if (from != to) Buffer.MemoryCopy((void*)from, (void*)to, bytes[o], bytes[o]);
            }
        }
    }
}
