namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    /// <summary>Operations that nobody else computes.</summary>
    private static IEnumerable<GoldenCase> Elsewhere()
    {
        foreach (var operation in new[] { "Placeholder", "Constant", "ReadVariable", "Assign" })
            yield return Without(operation, "It computes nothing: elements come in or go out as they are.");
        yield return Without("BatchedRearrangement", "It is what vectorisation makes of the rearrangements, which have cases: the tests of vectorisation compare it with them.");
        yield return Without("Barrier", "Its output is its first input: it is about when.");
        yield return Without("CustomGradient", "Its outputs are its inputs, and its gradient is what its rule says.");
        foreach (var operation in new[] { "Dropout", "RandomFill" })
            yield return Without(operation, "It is random, with a generator of Dunlin's own choice.");
        foreach (var operation in new[]
        {
            "AllReduce", "Broadcast", "IsRank", "AllGather", "ReduceScatter", "Pack", "Unpack", "AllReduceStart", "AllReduceWait", "AllToAllStart", "AllGatherRows", "TakePiece", "PackPieces", "JoinPieces", "UnpackPiece", "ReduceScatterStart", "AllGatherStart", "PieceWait",
        })
            yield return Without(operation, "It takes several ranks: the tests of collectives compare it with sums on one.");
        foreach (var operation in new[] { "Loop", "If" })
            yield return Without(operation, "It runs other operations: the tests of loops compare it with what those give one after the other.");
        foreach (var operation in new[]
        {
            "AddLists", "EmptyLists", "StackList", "UnstackList", "StackLike", "AppendList", "WriteList", "ReadList", "ReadRowsLike", "ScatterList", "TakeList", "ClearElement",
            "CountList", "ZeroList", "ConcatList", "SplitList", "ConcatLike", "BatchLists", "UnbatchList",
        })
            yield return Without(operation, "It is about which elements a list has, which are as they were: the tests of lists compare it with a list of .NET.");
        foreach (var operation in new[] { "Enqueue", "Dequeue", "CloseQueue", "QueueSize" })
            yield return Without(operation, "It hands elements on as they are: the tests of queues say in which order.");
    }
}
