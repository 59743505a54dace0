using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Ops;

public class RowsTests
{
    [Theory]
    [InlineData(0, 3, 5), InlineData(1, 1, 1), InlineData(7, 4, 3), InlineData(100, 1, 10), InlineData(1000, 70, 40), InlineData(3000, 33, 2000)]
    public void Sums_of_duplicate_rows_stand_at_their_first_places(int count, int row, int distinct)
    {
        var (numbers, rows) = Draw(count, row, distinct);
        foreach (var type in new[] { DType.Int64, DType.Int32 })
            foreach (var threads in new[] { 1, 3 })
            {
                var graph = new Graph();
                var sums = Operations.SumDuplicateRows(graph.Constant(Tensor.From(numbers)).Cast(type), graph.Constant(Tensor.From(rows, [count, row])));
                using var session = new Session(graph, new SessionOptions { Threads = threads, Kernels = KernelSets.Managed, DisabledPasses = new HashSet<string> { "fold-constants" } });
                var results = session.Run([sums.Numbers.Cast(DType.Int64), sums.Rows]);
                var (expectedNumbers, expectedRows) = Naive(numbers, rows, row);
                Assert.Equal(expectedNumbers, results[0].ToArray<long>());
                Assert.Equal(expectedRows, results[1].ToArray<double>());
            }
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.BFloat16), InlineData(DType.Float16)]
    public void Sums_come_in_every_floating_point_type(DType type)
    {
        var sums = Evaluate.Of(x => Operations.SumDuplicateRows(x[0], x[1].Cast(type)).Rows.Cast(DType.Float64), Tensor.From([5L, 2, 5]), Tensor.From([1.0, 2, 3, 4, 5, 6], [3, 2]));
        Assert.Equal([6, 8, 3, 4, 0, 0], sums.ToArray<double>());
    }

    [Theory, InlineData(DType.Float64), InlineData(DType.Float32), InlineData(DType.BFloat16), InlineData(DType.Int32), InlineData(DType.UInt8)]
    public void Rows_are_taken_and_put_in_every_type(DType type)
    {
        var table = Tensor.From([1.0, 2, 3, 4, 5, 6], [3, 2]);
        var taken = Evaluate.Of(x => x[0].Cast(type).TakeRows(x[1]).Cast(DType.Float64), table, Tensor.From([2, -1, 0]));
        Assert.Equal([5, 6, 0, 0, 1, 2], taken.ToArray<double>());
        var put = Evaluate.Of(x => Operations.PutRows(x[0].Cast(type), x[1], x[2].Cast(type)).Cast(DType.Float64), table, Tensor.From([2, -7, 0]), Tensor.From([9.0, 8, 7, 6, 5, 4], [3, 2]));
        Assert.Equal([5, 4, 3, 4, 9, 8], put.ToArray<double>());
    }

    [Fact]
    public void A_row_number_beyond_the_table_is_named_with_its_place()
    {
        foreach (var function in (Func<IReadOnlyList<Value>, Value>[])[x => x[0].TakeRows(x[1]), x => Operations.PutRows(x[0], x[1], x[0])])
        {
            var error = Assert.Throws<DunlinException>(() => Evaluate.Of(function, Tensor.From([1.0, 2]), Tensor.From([0L, 2])));
            Assert.Contains("the row number 2 at position 1 is not within 0 to 1", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_the_types()
    {
        var graph = new Graph();
        var (table, whole, numbers) = (graph.Placeholder("t", DType.Float32, [4, 2]), graph.Placeholder("w", DType.Int32, [4, 2]), graph.Placeholder("n", DType.Int64, [3]));
        foreach (var (operation, make) in ((string, Func<Value>)[])
        [
            ("TakeRows", () => table.TakeRows(table)), ("TakeRows", () => graph.Constant(1).TakeRows(numbers)), ("PutRows", () => Operations.PutRows(table, numbers, table)),
            ("SumDuplicateRows", () => Operations.SumDuplicateRows(numbers, table).Rows), ("SumDuplicateRows", () => Operations.SumDuplicateRows(numbers, whole).Rows),
        ])
            Assert.Matches($@"^(In {operation} of [\w, ]+: )?{operation}\(", Assert.Throws<ShapeException>(make).Message);
    }

    [Fact]
    public void Rows_that_are_assigned_are_written_in_place()
    {
        var graph = new Graph();
        var table = graph.Variable("table", DType.Float32, [1000, 50], new Zeros());
        var numbers = graph.Placeholder("numbers", DType.Int64, [Shape.Unknown]);
        var rows = table.Value.TakeRows(numbers);
        var assign = table.Assign(Operations.PutRows(table, numbers, rows + 1));
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var step = session.Compile([numbers], [], [assign]);
        Tensor[] feeds = [Tensor.From([3L, 998, -1, 0])];
        step.Run(feeds, []);
        step.Run(feeds, []);
        var elements = session.Storage(table).ToArray<float>();
        Assert.Equal(2 * 150, elements.Sum());
        Assert.All(elements[150..200], x => Assert.Equal(2, x));
        Assert.True(step.PlanFor(feeds).ArenaBytes < 4096, $"{step.PlanFor(feeds).ArenaBytes} bytes");
    }

    private sealed record Zeros : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.RawBytes.Clear();
    }

    private static (long[] Numbers, double[] Rows) Draw(int count, int row, int distinct)
    {
        var (draws, rows) = (new double[count], new double[count * row]);
        Philox.FillUniform(draws, new PhiloxKey(3));
        Philox.FillNormal(rows, new PhiloxKey(4));
        return ([.. draws.Select(d => (long)(d * (distinct + 1)) - 1)], rows);
    }

    private static (long[] Numbers, double[] Rows) Naive(long[] numbers, double[] rows, int row)
    {
        var (first, sums) = (new long[numbers.Length], new double[rows.Length]);
        for (var i = 0; i < numbers.Length; i++)
        {
            var place = Array.IndexOf(numbers, numbers[i]);
            first[i] = place == i && numbers[i] >= 0 ? numbers[i] : -1;
            for (var k = 0; k < row && numbers[i] >= 0; k++) sums[place * row + k] += rows[i * row + k];
        }
        return (first, sums);
    }
}
