using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Hands calls to MPI. MPI counts elements by 32 bits: what is longer goes in pieces. The caller holds the process's gate.</summary>
internal static class MpiLaunch
{
    /// <summary>Elements of one piece; tests make pieces of little.</summary>
    internal static int Most { get; set; } = 1 << 30;

    public static void Start(MpiOperation operation, nint comm, int rank, int size, MpiProcess process)
    {
        var (call, input, output) = (operation.Call, operation.Input, operation.Output);
        var type = process.Reductions.Type(call.Type);
        var op = call.Kind is CallKind.AllReduce or CallKind.ReduceScatter ? process.Reductions.Operation(call.Type, call.Op) : 0;
        // Libraries have been seen to multiply ranks by elements in 32 bits.
        var isLong = call.Count * size > Most;
        switch (call.Kind)
        {
            case CallKind.AllReduce:
                foreach (var piece in Pieces(output))
                    MpiProcess.Check(MpiNative.MPI_Iallreduce(process.InPlace, piece.Address, (int)piece.Count, type, op, comm, ref operation.NextRequest()), call);
                break;
            case CallKind.ReduceScatter:
                var target = CommBuffers.Overlap(input, output) ? operation.Stage(output) : output.Address;
                if (!isLong) MpiProcess.Check(MpiNative.MPI_Ireduce_scatter_block(input.Address, target, (int)call.Count, type, op, comm, ref operation.NextRequest()), call);
                else
                    for (var root = 0; root < size; root++)
                        foreach (var piece in Pieces(Part(input, root, call.Count)))
                        {
                            var at = target + (nint)(piece.Address - input.Address) - (nint)(root * call.Count * call.Type.Size());
                            MpiProcess.Check(MpiNative.MPI_Ireduce(piece.Address, at, (int)piece.Count, type, op, root, comm, ref operation.NextRequest()), call);
                        }
                break;
            case CallKind.AllGather when !isLong:
                PutOwn(input, output, rank);
                MpiProcess.Check(MpiNative.MPI_Iallgather(process.InPlace, (int)call.Count, type, output.Address, (int)call.Count, type, comm, ref operation.NextRequest()), call);
                break;
            case CallKind.AllGather:
                PutOwn(input, output, rank);
                for (var root = 0; root < size; root++) Broadcast(operation, Part(output, root, call.Count), root, type, comm);
                break;
            case CallKind.Broadcast:
                Broadcast(operation, output, call.Peer, type, comm);
                break;
            case CallKind.AllToAll when !isLong:
                MpiProcess.Check(MpiNative.MPI_Ialltoall(input.Address, (int)call.Count, type, output.Address, (int)call.Count, type, comm, ref operation.NextRequest()), call);
                break;
            case CallKind.AllToAll:
                // Each part from its sender to its receiver, as a broadcast of two would: in the same order on all ranks.
                for (var peer = 0; peer < size; peer++)
                {
                    foreach (var piece in Pieces(Part(output, peer, call.Count)))
                        MpiProcess.Check(MpiNative.MPI_Irecv(piece.Address, (int)piece.Count, type, peer, MpiCommunicator.ExchangeTag, comm, ref operation.NextRequest()), call);
                    foreach (var piece in Pieces(Part(input, peer, call.Count)))
                        MpiProcess.Check(MpiNative.MPI_Isend(piece.Address, (int)piece.Count, type, peer, MpiCommunicator.ExchangeTag, comm, ref operation.NextRequest()), call);
                }
                break;
            case CallKind.Barrier:
                MpiProcess.Check(MpiNative.MPI_Ibarrier(comm, ref operation.NextRequest()), call);
                break;
            case CallKind.Send:
                foreach (var piece in Pieces(input))
                    MpiProcess.Check(MpiNative.MPI_Isend(piece.Address, (int)piece.Count, type, call.Peer, MpiCommunicator.TagOf(call.Tag), comm, ref operation.NextRequest()), call);
                break;
            case CallKind.Receive:
                foreach (var piece in Pieces(output))
                    MpiProcess.Check(MpiNative.MPI_Irecv(piece.Address, (int)piece.Count, type, call.Peer, MpiCommunicator.TagOf(call.Tag), comm, ref operation.NextRequest()), call);
                break;
        }
    }

    /// <summary>How many elements the piece of a number has.</summary>
    public static int PieceLength(CommBuffer buffer, int number) => (int)Math.Min(Most, buffer.Count - (long)number * Most);

    private static void Broadcast(MpiOperation operation, CommBuffer buffer, int root, nint type, nint comm)
    {
        foreach (var piece in Pieces(buffer))
            MpiProcess.Check(MpiNative.MPI_Ibcast(piece.Address, (int)piece.Count, type, root, comm, ref operation.NextRequest()), operation.Call);
    }

    private static CommBuffer Part(CommBuffer whole, int number, long count) => new(whole.Address + (nint)(number * count * whole.Type.Size()), count, whole.Type);

    /// <summary>What MPI takes in one call each; at least one piece: also an empty message has to be sent.</summary>
    public static PieceList Pieces(CommBuffer buffer) => new(buffer);

    /// <summary>Puts a rank's own part into the whole: MPI gathers in place on all ranks or on none.</summary>
    public static void PutOwn(CommBuffer input, CommBuffer output, int rank) => CollectiveWork.Copy(input.Address, Part(output, rank, input.Count).Address, input.Bytes);

    /// <summary>A buffer's pieces.</summary>
    public readonly struct PieceList(CommBuffer buffer)
    {
        public Enumerator GetEnumerator() => new(buffer);

        public struct Enumerator(CommBuffer buffer)
        {
            private int _number = -1;

            public readonly CommBuffer Current => new(buffer.Address + (nint)((long)_number * Most * buffer.Type.Size()), PieceLength(buffer, _number), buffer.Type);

            public bool MoveNext() => ++_number == 0 || (long)_number * Most < buffer.Count;
        }
    }
}
