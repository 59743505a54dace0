using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> SomeRows() =>
    [
        Many("SumDuplicateRows", x => Operations.SumDuplicateRows(x[0], x[1]) is var (numbers, rows) ? [numbers, rows] : []),
        Two("TakeRows", (table, numbers) => table.TakeRows(numbers)),
        Three("PutRows", Operations.PutRows),
    ];
}
