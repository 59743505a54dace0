using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>What operations on pieces have in common: they belong to sharded updates, and know their rank.</summary>
internal abstract record PieceOperation : Operation
{
    /// <inheritdoc/>
    public sealed override string? NoGradientReason => "Strategies make it after differentiation.";

    /// <inheritdoc/>
    public sealed override string? NoVectorizationReason => "Gradients are joined for the way after they are summed over examples.";

    /// <summary>Copies elements and puts zeros behind them.</summary>
    private protected static unsafe void Fill(nint from, nint to, long bytes, long room)
    {
        if (from != to) Buffer.MemoryCopy((void*)from, (void*)to, room, bytes);
        NativeMemory.Clear((void*)(to + (nint)bytes), (nuint)(room - bytes));
    }
}

/// <summary>
/// A rank's piece of a tensor, flat, with zeros behind the tensor's last element: a view where there are none. Or of a piece itself: the same with zeros there, whatever stood there.
/// </summary>
/// <param name="Cut">How the tensor is cut; the element type is the input's.</param>
/// <param name="Rank">Whose piece.</param>
/// <param name="FromPiece">Whether the input is the piece.</param>
internal sealed record TakePiece(Cut Cut, int Rank, bool FromPiece) : PieceOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var expected = FromPiece ? Cut.Piece.Shape : Cut.Whole.Shape;
        if (Rank < 0 || Rank >= Cut.Ranks) throw Mismatch(inputs, $"a rank is from 0 to {Cut.Ranks - 1}, not {Rank}.");
        return inputs[0].Shape.Accepts(expected) ? [inputs[0] with { Shape = Cut.Piece.Shape }] : throw Mismatch(inputs, $"takes {expected}.");
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => Cut.Count(Rank) == Cut.Length ? new MemoryView(0, Begin(inputs[0].Type)) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var type = context.Inputs[0].Type;
        return new TakeKernel(Begin(type), (long)Cut.Count(Rank) * type.Size(), (long)Cut.Length * type.Size());
    }

    private long Begin(DType type) => FromPiece ? 0 : Cut.Begin(Rank) * type.Size();

    private sealed unsafe class TakeKernel(long begin, long bytes, long room) : Kernel
    {
        public override bool CanOverwrite(int input, int output) => begin == 0;

        public override void Run(nint* buffers, ThreadTeam threads) => Fill(buffers[0] + (nint)begin, buffers[1], bytes, room);
    }
}

/// <summary>Where pieces of several tensors lie in a block: for each rank one after the other, each at a multiple of 64 bytes.</summary>
internal sealed class PieceBlock
{
    private readonly long[] _offsets;

    /// <summary>A block for tensors of one element type that are cut alike.</summary>
    public PieceBlock(IReadOnlyList<TensorType> pieces) => _offsets = Pack.Offsets(pieces);

    /// <summary>Bytes of one rank's pieces.</summary>
    public long Bytes => _offsets[^1];

    /// <summary>Where a tensor's piece begins within its rank's.</summary>
    public long Offset(int part) => _offsets[part];

    /// <summary>A block of so many ranks' pieces.</summary>
    public TensorType Of(int ranks, DType type) => new(type, [checked((int)(ranks * Bytes / type.Size()))]);
}

/// <summary>
/// Several tensors of one type cut into pieces and put together rank by rank, so that one reduce-scatter brings each rank its pieces of all. A tensor alone is computed right in its place.
/// </summary>
/// <param name="Ranks">How many pieces.</param>
internal sealed record PackPieces(int Ranks) : PieceOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => inputs.Count > 0 && Ranks > 0 && inputs.All(i => i.Type == inputs[0].Type && i.Shape.IsKnown)
        ? [Block(inputs).Of(Ranks, inputs[0].Type)]
        : throw Mismatch(inputs, $"takes tensors of one element type whose shapes are known, for at least one rank, not {Ranks}.");

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new PackKernel(context.Inputs, Ranks);

    private PieceBlock Block(IReadOnlyList<TensorType> inputs) => new([.. inputs.Select(i => new Cut(i, Ranks).Piece)]);

    private sealed unsafe class PackKernel(IReadOnlyList<TensorType> inputs, int ranks) : Kernel, IPacks
    {
        private readonly Cut[] _cuts = [.. inputs.Select(i => new Cut(i, ranks))];
        private readonly PieceBlock _block = new([.. inputs.Select(i => new Cut(i, ranks).Piece)]);
        private readonly int _size = inputs[0].Type.Size();

        /// <summary>Whether the pieces of the only tensor stand side by side, as its elements do.</summary>
        private bool IsWhole => _cuts.Length == 1 && (long)_cuts[0].Length * _size == _block.Bytes;

        public long PartOffset(int input) => 0;

        public long PartBytes(int input) => IsWhole ? _cuts[0].Whole.Bytes : -1;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var target = buffers[_cuts.Length];
            if (IsWhole)
            {
                Fill(buffers[0], target, _cuts[0].Whole.Bytes, ranks * _block.Bytes);
                return;
            }
            for (var r = 0; r < ranks; r++)
                for (var i = 0; i < _cuts.Length; i++)
                {
                    var end = i + 1 < _cuts.Length ? _block.Offset(i + 1) : _block.Bytes;
                    Fill(buffers[i] + (nint)(_cuts[i].Begin(r) * _size), target + (nint)(r * _block.Bytes + _block.Offset(i)), (long)_cuts[i].Count(r) * _size, end - _block.Offset(i));
                }
        }
    }
}

/// <summary>One of the tensors whose pieces of all ranks lie in a block: the opposite of <see cref="PackPieces"/>. Inputs: the block; a tensor alone is a view of it.</summary>
/// <param name="Part">Which tensor.</param>
/// <param name="Cuts">How each tensor of the block is cut; their element type is the block's.</param>
internal sealed record JoinPieces(int Part, Cuts Cuts) : PieceOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0] == Cuts.Block.Of(Cuts[0].Ranks, inputs[0].Type) ? [Cuts[Part].Whole] : throw Mismatch(inputs, "the block has another size.");
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => Cuts.Count == 1 && Cuts[0].Piece.Bytes == Cuts.Block.Bytes ? new MemoryView(0) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new JoinKernel(Cuts[Part], Cuts.Block.Offset(Part), Cuts.Block.Bytes);

    private sealed unsafe class JoinKernel(Cut cut, long offset, long stride) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var size = cut.Whole.Type.Size();
            for (var r = 0; r < cut.Ranks; r++)
                Buffer.MemoryCopy((void*)(buffers[0] + (nint)(r * stride + offset)), (void*)(buffers[1] + (nint)(cut.Begin(r) * size)), (long)cut.Count(r) * size, (long)cut.Count(r) * size);
        }
    }
}

/// <summary>One of the pieces that lie in this rank's part of a block: a view.</summary>
/// <param name="Part">Which tensor's.</param>
/// <param name="Cuts">How each tensor of the block is cut.</param>
internal sealed record UnpackPiece(int Part, Cuts Cuts) : PieceOperation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0] == Cuts.Block.Of(1, inputs[0].Type) ? [Cuts[Part].Piece] : throw Mismatch(inputs, "the block has another size.");
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => new MemoryView(0, Cuts.Block.Offset(Part));

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => throw new InvalidOperationException("A view has no kernel.");
}

/// <summary>How the tensors of a block are cut, compared by value.</summary>
internal sealed class Cuts(IReadOnlyList<Cut> cuts) : IEquatable<Cuts>
{
    public Cut this[int index] => cuts[index];

    public int Count => cuts.Count;

    public PieceBlock Block { get; } = new([.. cuts.Select(c => c.Piece)]);

    public bool Equals(Cuts? other) => other is not null && cuts.SequenceEqual(other.All);

    public override bool Equals(object? obj) => Equals(obj as Cuts);

    public override int GetHashCode() => cuts.Aggregate(0, HashCode.Combine);

    private IReadOnlyList<Cut> All => cuts;
}
