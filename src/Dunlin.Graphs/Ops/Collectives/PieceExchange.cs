using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Starts a collective on a block of pieces; a <see cref="PieceWait"/> with the block as its second input must follow.</summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Ranks">Its size.</param>
/// <param name="Exchange">A number that joins the start with its wait.</param>
internal abstract record PieceStart(string Axis, int Ranks, int Exchange) : PieceOperation, ICollectiveStart
{
    /// <inheritdoc/>
    public int? Flight => Exchange;

    /// <inheritdoc/>
    public virtual int? Turn => null;

    /// <inheritdoc/>
    public abstract Pace Pace { get; }

    /// <inheritdoc/>
    public sealed override bool IsStateful => true;

    /// <summary>Starts it.</summary>
    private protected abstract IPendingOperation Start(ICommunicator communicator, CommBuffer input, CommBuffer output);

    /// <inheritdoc/>
    public sealed override Kernel Prepare(PrepareContext context) => new StartKernel(this, context.Communicator(Axis), context.Resources.Pending(Exchange), context.Inputs[0], context.Outputs[0]);

    private sealed unsafe class StartKernel(PieceStart operation, ICommunicator communicator, PendingSlot slot, TensorType input, TensorType output) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads) =>
            slot.Operation = operation.Start(communicator, new(buffers[0], input.Shape.ElementCount, input.Type), new(buffers[1], output.Shape.ElementCount, output.Type));
    }
}

/// <summary>The sums over the ranks of blocks of pieces, of which each rank gets its part.</summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Ranks">Its size.</param>
/// <param name="Exchange">A number that joins the start with its wait.</param>
/// <param name="Produced">The place in the graph of the last tensor in the block, and so its turn among the collectives.</param>
internal sealed record ReduceScatterStart(string Axis, int Ranks, int Exchange, int Produced) : PieceStart(Axis, Ranks, Exchange), ICollectiveStart
{
    /// <inheritdoc/>
    public override int? Turn => Produced;

    /// <inheritdoc/>
    public override Pace Pace => Pace.FewAtOnce;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0] with { Shape = [inputs[0].Shape[0] / Ranks] }];

    private protected override IPendingOperation Start(ICommunicator communicator, CommBuffer input, CommBuffer output) => communicator.StartReduceScatter(input, output, ReduceOp.Sum);
}

/// <summary>Part s of rank r's block becomes part r of rank s's.</summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Ranks">Its size.</param>
/// <param name="Exchange">A number that joins the start with its wait.</param>
/// <param name="Produced">The place in the graph of the last tensor in the block, and so its turn among the collectives.</param>
internal sealed record AllToAllStart(string Axis, int Ranks, int Exchange, int Produced) : PieceStart(Axis, Ranks, Exchange), ICollectiveStart
{
    /// <inheritdoc/>
    public override int? Turn => Produced;

    /// <inheritdoc/>
    public override Pace Pace => Pace.FewAtOnce;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) =>
        inputs[0].Shape is { Rank: 1, IsKnown: true } shape && shape[0] % Ranks == 0 ? [inputs[0]] : throw Mismatch(inputs, $"takes one dimension of known length, a multiple of the {Ranks} ranks.");

    private protected override IPendingOperation Start(ICommunicator communicator, CommBuffer input, CommBuffer output) => communicator.StartAllToAll(input, output);
}

/// <summary>The parts of all ranks, on every rank.</summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Ranks">Its size.</param>
/// <param name="Exchange">A number that joins the start with its wait.</param>
/// <param name="Behind">Where it starts shortly before its result is read, its turn among the collectives; null where it starts as soon as it can.</param>
internal sealed record AllGatherStart(string Axis, int Ranks, int Exchange, int? Behind) : PieceStart(Axis, Ranks, Exchange), ICollectiveStart
{
    /// <inheritdoc/>
    public override int? Turn => Behind;

    /// <inheritdoc/>
    public override Pace Pace => Behind is null ? Pace.FewAtOnce : Pace.AsNeeded;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0] with { Shape = [checked(inputs[0].Shape[0] * Ranks)] }];

    private protected override IPendingOperation Start(ICommunicator communicator, CommBuffer input, CommBuffer output) => communicator.StartAllGather(input, output);
}

/// <summary>Waits for what a <see cref="PieceStart"/> began. Inputs: its output, which is the result then, and its input, which has to stay until then.</summary>
/// <param name="Exchange">The number.</param>
internal sealed record PieceWait(int Exchange) : PieceOperation, ICollectiveWait
{
    /// <inheritdoc/>
    public int? Flight => Exchange;

    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new WaitKernel(context.Resources.Pending(Exchange), context.Inputs[0].Bytes);

    private sealed unsafe class WaitKernel(PendingSlot slot, long bytes) : Kernel
    {
        public override bool CanOverwrite(int input, int output) => input == 0;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            slot.Operation!.Wait();
            if (buffers[0] != buffers[2]) Buffer.MemoryCopy((void*)buffers[0], (void*)buffers[2], bytes, bytes);
        }
    }
}

/// <summary>Collectives over the pieces of several tensors at once.</summary>
public static partial class Operations
{
    /// <summary>A rank's piece of a tensor, flat [<see cref="Cut.Length"/>], with zeros behind the tensor's last element.</summary>
    /// <param name="whole">A tensor of the cut's shape and any type.</param>
    /// <param name="cut">How it is cut.</param>
    /// <param name="rank">Whose piece.</param>
    public static Value TakePiece(this Value whole, Cut cut, int rank) => whole.Graph.Add(new TakePiece(cut, rank, FromPiece: false), [whole]);

    /// <summary>A piece with zeros where it reaches beyond the tensor's last element, whatever has been computed there.</summary>
    /// <param name="piece">[<see cref="Cut.Length"/>] of any type.</param>
    /// <param name="cut">How the tensor is cut.</param>
    /// <param name="rank">Whose piece.</param>
    public static Value WithoutPadding(this Value piece, Cut cut, int rank) => piece.Graph.Add(new TakePiece(cut, rank, FromPiece: true), [piece]);

    /// <summary>
    /// Each rank's pieces of the sums of all ranks' tensors, by one collective that starts as soon as all of the tensors are there and is waited for when the second one after it starts: so
    /// that what is sent is soon free. All are of one element type with known shapes.
    /// </summary>
    /// <param name="values">At least one.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="ranks">Its size.</param>
    public static IReadOnlyList<Value> ReduceScatterTogether(IReadOnlyList<Value> values, string axis, int ranks)
    {
        var graph = Require.NotEmpty(nameof(ReduceScatterTogether), values)[0].Graph;
        var exchange = graph.Nodes.Count;
        var packed = graph.Add(new PackPieces(ranks), values);
        var part = graph.Add(new PieceWait(exchange), [graph.Add(new ReduceScatterStart(axis, ranks, exchange, values.Max(v => v.Node.Index)), [packed]), packed]);
        var cuts = new Cuts([.. values.Select(v => new Cut(v.TensorType, ranks))]);
        return [.. values.Select((_, i) => graph.Add(new UnpackPiece(i, cuts), [part]))];
    }

    /// <summary>The tensors of which each rank has its pieces, on every rank, by one collective.</summary>
    /// <param name="pieces">At least one; all are of one element type.</param>
    /// <param name="cuts">How each tensor is cut.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="behind">
    /// Null where it starts as soon as all pieces are there. Else it starts when what the one before it has brought is first read, and this is its turn among the graph's collectives: the
    /// number of a node behind the pieces.
    /// </param>
    public static IReadOnlyList<Value> AllGatherTogether(IReadOnlyList<Value> pieces, IReadOnlyList<Cut> cuts, string axis, int? behind = null)
    {
        var graph = Require.NotEmpty(nameof(AllGatherTogether), pieces)[0].Graph;
        if (cuts.Count != pieces.Count) throw new ShapeException($"AllGatherTogether takes one cut for each piece; got {cuts.Count} for {pieces.Count}.");
        for (var i = 0; i < pieces.Count; i++)
            if (pieces[i].Shape != cuts[i].Piece.Shape || cuts[i].Ranks != cuts[0].Ranks)
                throw new ShapeException($"AllGatherTogether: a piece of {cuts[i].Whole} for {cuts[0].Ranks} ranks is {cuts[i].Piece}; got {pieces[i]}, cut for {cuts[i].Ranks}.");
        var exchange = graph.Nodes.Count;
        // A piece alone that fills its block is one.
        var packed = pieces is [var alone] && alone.TensorType.Bytes == Pack.Offsets([alone.TensorType])[1] ? alone : graph.Add(new Pack(), pieces);
        var block = graph.Add(new PieceWait(exchange), [graph.Add(new AllGatherStart(axis, cuts[0].Ranks, exchange, behind), [packed]), packed]);
        var together = new Cuts([.. cuts.Select((c, i) => c with { Whole = c.Whole with { Type = pieces[i].Type } })]);
        return [.. pieces.Select((_, i) => graph.Add(new JoinPieces(i, together), [block]))];
    }
}
