using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class DebuggingTests
{
    [Fact]
    public void Printing_writes_type_and_first_elements_and_hands_the_value_on()
    {
        using var output = new StringWriter();
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown]);
        var y = x.Print(elements: 2) * 2;
        using var session = new Session(graph, new SessionOptions { Threads = 1, Output = output });
        var step = session.Compile([x], [y, (x > 0).Print("signs").Cast(DType.Float32), Gradients.Of(y.Sum(), x)[0]!.Dense()]);
        var results = step.Run(Tensor.From([0.5f, -1, 3]));
        Assert.Equal([1, -2, 6], results[0].ToArray<float>());
        Assert.Equal([2, 2, 2], results[2].ToArray<float>());
        Assert.Equal(["signs Bool[3]: true, false, true", "x Float32[3]: 0.5, -1, … (3 in all)"], output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_demand_that_fails_says_where_and_shows_values()
    {
        Value Positive(Value x) => x.Assert(x > 0, "The rates are positive", x, x.Sum());
        Assert.Equal([1, 2], Evaluate.Doubles(Positive, 1, 2));
        var error = Assert.Throws<DunlinException>(() => Evaluate.Doubles(Positive, 1, -2));
        Assert.Equal("In Assertion: The rates are positive (element 1 of 2): x0 Float64[2] is 1, -2; ReduceSum Float64[] is -1.", error.Message);
        Assert.Contains("Greater does not hold", Assert.Throws<DunlinException>(() => Evaluate.Doubles(x => x.Assert(x.Sum() > 0), -1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Oddities_are_counted()
    {
        var x = Tensor.From([1, float.NaN, float.PositiveInfinity, float.NaN]);
        Assert.Equal(2, Evaluate.Of(v => v[0].CountNaN(), x).Item<long>());
        Assert.Equal(3, Evaluate.Of(v => v[0].CountNonFinite(), x).Item<long>());
    }

    [Fact]
    public void A_counter_counts_up_to_its_limit_and_no_further()
    {
        var graph = new Graph();
        var counter = graph.Variable("counter", DType.Int64, Shape.Scalar, new Zeros());
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var step = session.Compile([], [counter.CountUpTo(3)]);
        for (var i = 0L; i < 3; i++) Assert.Equal(i, step.Run()[0].Item<long>());
        for (var again = 0; again < 2; again++)
            Assert.Contains("counter has reached its limit 3: counter Int64[] is 3", Assert.Throws<DunlinException>(() => step.Run()).Message, StringComparison.Ordinal);
        Assert.Equal(3, session.Storage(counter).Item<long>());
    }

    private sealed record Zeros : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.RawBytes.Clear();
    }
}
