using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Runs one of two bodies, by a Bool scalar, and gives what that returns. Inputs: the condition, what the first body captures, what the second
/// captures. Where the two return different lengths, these are known only when it runs.
/// </summary>
/// <remarks>Gradient: the gradient of the body that ran, which computes its intermediate values again.</remarks>
/// <param name="Then">Runs if the condition holds.</param>
/// <param name="Otherwise">Runs if not.</param>
internal sealed record If(Body Then, Body Otherwise) : Operation, IEvaluated
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override bool IsStateful => Then.Effects.Any() || Otherwise.Effects.Any();

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        var (then, otherwise) = Types(inputs, isStrict: false);
        return [.. then.Wanted.Zip(otherwise.Wanted, (a, b) => Join(inputs, a, b))];
    }

    /// <inheritdoc/>
    public bool MustEvaluate(IReadOnlyList<TensorType> inputs)
    {
        var (then, otherwise) = Types(inputs, isStrict: false);
        return then.MustEvaluate || otherwise.MustEvaluate || !then.Wanted.SequenceEqual(otherwise.Wanted);
    }

    /// <summary>Whether the two may return different shapes, as far as can be seen from the inputs' types.</summary>
    public bool MayDiffer(IReadOnlyList<TensorType> inputs)
    {
        try { return Types(inputs, isStrict: true) is var (then, otherwise) && !then.Wanted.SequenceEqual(otherwise.Wanted); }
        catch (ShapeException) { return true; }
    }

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0
        || (input <= Then.Parameters.Count ? Then.ReadsElements(input - 1, []) : Otherwise.ReadsElements(input - 1 - Then.Parameters.Count, []));

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var holds = inputs[0].Item<bool>();
        var body = holds ? Then : Otherwise;
        var step = session.StepOf(body, () => new(session, body.Parameters, body.Results, [.. body.Effects.Select(e => e.Outputs[0])], session.Options.DisabledPasses));
        return step.Run([.. inputs.Skip(holds ? 1 : 1 + Then.Parameters.Count).Take(body.Parameters.Count)]);
    }

    /// <inheritdoc/>
    /// <remarks>The branch with more work.</remarks>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Math.Max(Then.Flops, Otherwise.Flops);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new IfKernel(this, context);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        IsStateful ? null : new IfBatch(this, node).Build(inputs, batching);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        int[] smooth = [.. Enumerable.Range(1, node.Inputs.Count - 1).Where(i => IsSmooth(node.Inputs[i]))];
        int[] seeded = [.. Enumerable.Range(0, node.Outputs.Count).Where(o => outputGradients[o] is not null && IsSmooth(node.Outputs[o]))];
        var answer = new Gradient?[node.Inputs.Count];
        if (smooth.Length == 0 || seeded.Length == 0) return answer;
        var gradients = InBranches(node, "gradient", (first, arguments, results) =>
        {
            int[] own = [.. smooth.Where(i => i >= first && i < first + arguments.Length)];
            var found = Gradients.Of([.. seeded.Select(o => results[o])], [.. seeded.Select(o => outputGradients[o]!)], [.. own.Select(i => arguments[i - first])]);
            return [.. smooth.Select(i => Array.IndexOf(own, i) is var at and >= 0 && found[at] is { } gradient ? gradient.Dense() : node.Inputs[i].ZerosLike())];
        });
        for (var s = 0; s < smooth.Length; s++) answer[smooth[s]] = gradients[s];
        return answer;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents)
    {
        int[] smooth = [.. Enumerable.Range(0, node.Outputs.Count).Where(o => IsSmooth(node.Outputs[o]))];
        var answer = new Value?[node.Outputs.Count];
        if (smooth.Length == 0 || inputTangents.All(t => t is null)) return answer;
        var tangents = InBranches(node, "tangent", (first, arguments, results) =>
        {
            int[] moving = [.. Enumerable.Range(0, arguments.Length).Where(i => inputTangents[first + i] is not null)];
            var found = Gradients.Forward([.. smooth.Select(o => results[o])], [.. moving.Select(i => arguments[i])], [.. moving.Select(i => inputTangents[first + i]!)]);
            return [.. found.Select((t, i) => t ?? results[smooth[i]].ZerosLike())];
        });
        for (var s = 0; s < smooth.Length; s++) answer[smooth[s]] = tangents[s];
        return answer;
    }

    /// <summary>A branch on the same condition, in whose bodies those of this one are computed again and something is made of them.</summary>
    /// <param name="node">The node.</param>
    /// <param name="name">For names.</param>
    /// <param name="make">From the place of the body's first parameter among the inputs, the arguments and the results.</param>
    private IReadOnlyList<Value> InBranches(Node node, string name, Func<int, Value[], Value[], Value[]> make)
    {
        IReadOnlyList<Value> Branch(Body body, int first)
        {
            Value[] arguments = [.. Enumerable.Range(first, body.Parameters.Count).Select(i => node.Inputs[i].Identity())];
            var map = body.Replay(arguments);
            return make(first, arguments, [.. body.Results.Select(map)]);
        }
        return ControlFlow.If(node.Inputs[0], () => Branch(Then, 1), () => Branch(Otherwise, 1 + Then.Parameters.Count), name);
    }

    private static bool IsSmooth(Value value) => value.Type.IsFloat() || value.Type == DType.List;

    /// <summary>As <see cref="Infer"/>, but lengths have to fit in both branches.</summary>
    public TensorType[] InferStrictly(IReadOnlyList<TensorType> inputs)
    {
        var (then, otherwise) = Types(inputs, isStrict: true);
        return [.. then.Wanted.Zip(otherwise.Wanted, (a, b) => Join(inputs, a, b))];
    }

    /// <summary>
    /// The types of both branches. Once lengths are known that were not while the graph was built, a branch that they do not fit is one
    /// that will not be taken, or fails when it is.
    /// </summary>
    private (BodyTypes Then, BodyTypes Otherwise) Types(IReadOnlyList<TensorType> inputs, bool isStrict)
    {
        ExpectInputs(inputs, 1 + Then.Parameters.Count + Otherwise.Parameters.Count);
        if (inputs[0] != new TensorType(DType.Bool, [])) throw Mismatch([inputs[0]], "the condition is a Bool scalar.");
        var (then, thenError) = Try(Then, [.. inputs.Skip(1).Take(Then.Parameters.Count)], isStrict);
        var (otherwise, otherwiseError) = Try(Otherwise, [.. inputs.Skip(1 + Then.Parameters.Count)], isStrict);
        return thenError is null || otherwiseError is null ? (then, otherwise) : throw thenError;
    }

    private static (BodyTypes Types, ShapeException? Error) Try(Body body, TensorType[] types, bool isStrict)
    {
        try { return (body.Infer(types, body.Results, isStrict), null); }
        catch (ShapeException e) when (!isStrict && body.Parameters.Where((p, i) => !p.Shape.IsKnown && types[i].Shape.IsKnown).Any())
        {
            return (new([.. body.Results.Select(r => r.TensorType)], true), e);
        }
    }

    private TensorType Join(IReadOnlyList<TensorType> inputs, TensorType a, TensorType b)
    {
        if (a.Type != b.Type || a.Shape.Rank != b.Shape.Rank) throw Mismatch([inputs[0]], $"one branch returns {a} where the other returns {b}.");
        var shape = a.Shape;
        for (var d = 0; d < shape.Rank; d++)
            if (a.Shape[d] != b.Shape[d]) shape = shape.With(d, Shape.Unknown);
        return new(a.Type, shape);
    }
}

/// <summary>Runs one of two bodies of equal results.</summary>
internal sealed unsafe class IfKernel : Kernel, IRunsBodies
{
    private readonly Subroutine _then;
    private readonly Subroutine _otherwise;
    private readonly int _thenInputs;
    private readonly int _otherwiseInputs;

    public IfKernel(If operation, PrepareContext context)
    {
        (_thenInputs, _otherwiseInputs) = (operation.Then.Parameters.Count, operation.Otherwise.Parameters.Count);
        _then = new(operation.Then, [.. context.Inputs.Skip(1).Take(_thenInputs)], [], operation.Then.Results, context);
        _otherwise = new(operation.Otherwise, [.. context.Inputs.Skip(1 + _thenInputs)], [], operation.Otherwise.Results, context);
        ScratchBytes = Math.Max(_then.ArenaBytes, _otherwise.ArenaBytes);
        Bodies = [_then, _otherwise];
    }

    public IReadOnlyList<Subroutine> Bodies { get; }

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var outputs = buffers + 1 + _thenInputs + _otherwiseInputs;
        if (*(bool*)buffers[0]) Run(_then, buffers + 1, _thenInputs, outputs, threads);
        else Run(_otherwise, buffers + 1 + _thenInputs, _otherwiseInputs, outputs, threads);
    }

    public override void Dispose()
    {
        _then.Dispose();
        _otherwise.Dispose();
        base.Dispose();
    }

    private void Run(Subroutine body, nint* inputs, int count, nint* outputs, ThreadTeam threads)
    {
        body.BindArena(ScratchBytes > 0 ? outputs[body.FetchTypes.Count] : 0);
        for (var i = 0; i < count; i++) body.Bind(i, inputs[i]);
        body.Run(threads);
        for (var o = 0; o < body.FetchTypes.Count; o++)
            Buffer.MemoryCopy((void*)body.Fetched(o), (void*)outputs[o], body.FetchTypes[o].Bytes, body.FetchTypes[o].Bytes);
    }
}
