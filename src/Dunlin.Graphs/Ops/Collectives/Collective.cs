using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Marks an operation that starts a collective: all ranks start theirs in the order of the graph.</summary>
internal interface ICollectiveStart
{
    /// <summary>The number by which its <see cref="ICollectiveWait"/> knows it; null where it waits itself.</summary>
    int? Flight => null;

    /// <summary>
    /// The place in the graph behind which it starts, where that is another than its own: between what it is computed from and itself. Places of the graph are the same on all ranks.
    /// </summary>
    int? Turn => null;

    /// <summary>When it starts and is waited for.</summary>
    Pace Pace => Pace.AtOnce;
}

/// <summary>When a collective starts and is waited for: what travels needs memory.</summary>
internal enum Pace
{
    /// <summary>It starts as soon as it can, and is waited for when nothing else can run.</summary>
    AtOnce,
    /// <summary>It starts as soon as it can, and is waited for when the second one after it starts.</summary>
    FewAtOnce,
    /// <summary>It starts when what the one before it has brought is first read, and is waited for when its own is.</summary>
    AsNeeded,
}

/// <summary>Marks an operation that waits for a collective: it runs when nothing else can.</summary>
internal interface ICollectiveWait
{
    /// <summary>The number of the <see cref="ICollectiveStart"/>.</summary>
    int? Flight { get; }
}

/// <summary>An operation in which all ranks along an axis of the mesh take part: every rank's graph has it in the same place.</summary>
/// <param name="Axis">The mesh axis.</param>
public abstract record Collective(string Axis) : Operation, ICollectiveStart
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Ranks exchange what they have agreed on, example by example.";

    /// <summary>Runs a collective to its end on the operands' memory.</summary>
    internal sealed unsafe class BlockingKernel(TensorType input, TensorType output, bool inPlace, Func<CommBuffer, CommBuffer, IPendingOperation> start) : Kernel
    {
        private readonly CopyKernel _copy = new(input.Bytes);

        public override bool CanOverwrite(int i, int o) => inPlace;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            if (inPlace) _copy.Run(buffers, threads);
            start(new(buffers[0], input.Shape.ElementCount, input.Type), new(buffers[1], output.Shape.ElementCount, output.Type)).Wait();
        }
    }
}

/// <summary>The reduction of all ranks' tensors, on every rank.</summary>
/// <remarks>Gradient of a sum, where the loss is the sum of all ranks' losses: the sum of all ranks' dy. Other reductions have none.</remarks>
public sealed record AllReduce(string Axis, ReduceOp Reduction) : Collective(Axis)
{
    /// <inheritdoc/>
    public override string? NoGradientReason => Reduction == ReduceOp.Sum ? null : "Only sums over ranks are differentiated.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (communicator, reduction) = (context.Communicator(Axis), Reduction);
        return new BlockingKernel(context.Inputs[0], context.Outputs[0], inPlace: true, (_, y) => communicator.StartAllReduce(y, reduction));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Reduction == ReduceOp.Sum ? [outputGradients[0]!.AllReduce(Axis)] : [null];
}

/// <summary>One rank's tensor, on every rank.</summary>
/// <remarks>Gradient: the sum of all ranks' dy on the root, zero elsewhere.</remarks>
public sealed record Broadcast(string Axis, int Root) : Collective(Axis)
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (communicator, root) = (context.Communicator(Axis), Root);
        return new BlockingKernel(context.Inputs[0], context.Outputs[0], inPlace: true, (_, y) => communicator.StartBroadcast(y, root));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var dy = outputGradients[0]!;
        return [dy.AllReduce(Axis) * dy.Graph.Add(new IsRank(Axis, Root), []).Cast(dy.Type)];
    }
}

/// <summary>Whether this rank is the given one, as a Bool scalar.</summary>
public sealed record IsRank(string Axis, int Rank) : Operation
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override string? NoGradientReason => "It has no inputs.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [new(DType.Bool, Shape.Scalar)];

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "It has no inputs that could differ.";

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new Plans.ConstantKernel(Tensor.Scalar(context.Communicator(Axis).Rank == Rank), inputs: 0);
}

/// <summary>All ranks' tensors [n, d…], in order, as [Ranks · n, d…] on every rank.</summary>
/// <remarks>Gradient: <see cref="ReduceScatter"/>.</remarks>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Ranks">Its size.</param>
public sealed record AllGather(string Axis, int Ranks) : Collective(Axis)
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var shape = inputs[0].Shape;
        if (shape.Rank == 0 || Ranks < 1) throw Mismatch(inputs, $"takes at least one dimension and rank; got {Ranks} ranks.");
        return [inputs[0] with { Shape = shape.With(0, shape[0] == Shape.Unknown ? Shape.Unknown : checked(shape[0] * Ranks)) }];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var communicator = context.Communicator(Axis);
        return new BlockingKernel(context.Inputs[0], context.Outputs[0], inPlace: false, communicator.StartAllGather);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Graph.Add(new ReduceScatter(Axis, Ranks), [outputGradients[0]!])];
}

/// <summary>The sum of all ranks' tensors [Ranks · n, d…], of which each rank keeps its part [n, d…].</summary>
/// <remarks>Gradient: <see cref="AllGather"/>.</remarks>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Ranks">Its size, which divides the first dimension.</param>
public sealed record ReduceScatter(string Axis, int Ranks) : Collective(Axis)
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var shape = inputs[0].Shape;
        if (shape.Rank == 0 || Ranks < 1 || (shape[0] != Shape.Unknown && shape[0] % Ranks != 0)) throw Mismatch(inputs, $"the first dimension is divided among {Ranks} ranks.");
        return [inputs[0] with { Shape = shape.With(0, shape[0] == Shape.Unknown ? Shape.Unknown : shape[0] / Ranks) }];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var communicator = context.Communicator(Axis);
        return new BlockingKernel(context.Inputs[0], context.Outputs[0], inPlace: false, (x, y) => communicator.StartReduceScatter(x, y, ReduceOp.Sum));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Graph.Add(new AllGather(Axis, Ranks), [outputGradients[0]!])];
}

/// <summary>Collectives.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.AllReduce"/>
    public static Value AllReduce(this Value x, string axis, ReduceOp reduction = ReduceOp.Sum) => x.Graph.Add(new AllReduce(axis, reduction), [x]);

    /// <inheritdoc cref="Ops.Broadcast"/>
    public static Value Broadcast(this Value x, string axis, int root = 0) => x.Graph.Add(new Broadcast(axis, root), [x]);

    /// <inheritdoc cref="Ops.AllGather"/>
    public static Value AllGather(this Value x, string axis, int ranks) => x.Graph.Add(new AllGather(axis, ranks), [x]);

    /// <inheritdoc cref="Ops.ReduceScatter"/>
    public static Value ReduceScatter(this Value x, string axis, int ranks) => x.Graph.Add(new ReduceScatter(axis, ranks), [x]);
}
