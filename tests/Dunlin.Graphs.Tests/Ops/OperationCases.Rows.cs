using Dunlin.Graphs.Ops;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> SomeRows()
    {
        foreach (var numbers in new[] { Integers([1, 3, 1, 0, 3, 3]), Integers([4, 4, 4, 4, 4, 4]), Integers([-1, 2, -1, 2, 0, 5]) })
        {
            yield return new("SumDuplicateRows", (_, x) => Operations.SumDuplicateRows(x[0], x[1]).Rows, [numbers, Signed(6, 2, 3)]);
            yield return new("TakeRows", (_, x) => x[0].TakeRows(x[1]), [Signed(6, 2), numbers]);
        }
        yield return new("SumDuplicateRows", (_, x) => Operations.SumDuplicateRows(x[0], x[1]).Rows, [Integers([0]), Signed(1)]);
        yield return new("SumDuplicateRows", (_, x) => Operations.SumDuplicateRows(x[0], x[1]).Rows, [Integers([]), Signed(0, 3)]);
        yield return new("TakeRows", (_, x) => x[0].TakeRows(x[1]), [Signed(1), Integers([0, -1, 0])]);
        yield return new("TakeRows", (_, x) => x[0].TakeRows(x[1]), [Signed(2, 3), Integers([])]);
        yield return new("PutRows", (_, x) => Operations.PutRows(x[0], x[1], x[2]), [Signed(4, 2), Integers([2, -1, 0]), Signed(3, 2)]);
        yield return new("PutRows", (_, x) => Operations.PutRows(x[0], x[1], x[2]), [Signed(3), Integers([1]), Signed(1)]);
        yield return new("PutRows", (_, x) => Operations.PutRows(x[0], x[1], x[2]), [Signed(2, 2, 2), Integers([]), Signed(0, 2, 2)]);
    }
}
