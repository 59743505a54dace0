using System.IO.Compression;
using System.Text.Json.Nodes;
using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Profiling;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Profiling;

public sealed class TraceTests : IDisposable
{
    private static readonly MachineCeiling Ceiling = new(1, 100e9, [(1000, 100e9), (1_000_000, 10e9)]);

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_trace_is_what_viewers_open()
    {
        var json = Written(Profiled(steps: 3).Trace);
        Assert.Equal("ms", (string)json["displayTimeUnit"]!);
        Assert.Equal(0, (int)json["otherData"]!["rank"]!);
        Assert.Equal(0, (int)json["otherData"]!["clock_offset_us"]!);
        Assert.Equal(0, (int)json["otherData"]!["dropped_events"]!);
        var names = Events(json, "M").Select(e => ((string)e["name"]!, (int)e["tid"]!, e["args"]!["name"]?.ToString())).ToList();
        Assert.Contains(("process_name", 0, "rank 0"), names);
        Assert.Contains(("thread_name", 0, "step"), names);
        Assert.Contains(("thread_name", 1, "kernels"), names);
        var product = Events(json, "X").First(e => e["args"]!["op"]?.ToString() == "MatMul");
        Assert.Equal(["Float32[20, 40]"], product["args"]!["shapes"]!.AsArray().Select(s => s!.ToString()));
        Assert.Equal(2 * 20 * 40 * 40, (long)product["args"]!["flops"]!);
        Assert.True((long)product["args"]!["bytes"]! >= 4 * (2 * 20 * 40 + 40 * 40));
    }

    [Fact]
    public void Times_are_microseconds_of_one_clock_that_nest_or_are_apart()
    {
        var clock = System.Diagnostics.Stopwatch.GetTimestamp();
        var begin = clock * 1e6 / System.Diagnostics.Stopwatch.Frequency;
        var json = Written(Profiled(steps: 4).Trace);
        var end = System.Diagnostics.Stopwatch.GetTimestamp() * 1e6 / System.Diagnostics.Stopwatch.Frequency;
        var spans = Events(json, "X").Select(e => (Lane: (int)e["tid"]!, Begin: (decimal)e["ts"]!, End: (decimal)e["ts"]! + (decimal)e["dur"]!)).ToList();
        Assert.All(spans, s => Assert.True(s.Begin >= (decimal)begin - 1 && s.Begin <= s.End && s.End <= (decimal)end + 1));
        foreach (var lane in spans.GroupBy(s => s.Lane))
        {
            var open = new Stack<decimal>();
            foreach (var (_, from, to) in lane)
            {
                while (open.TryPeek(out var outer) && outer <= from) open.Pop();
                Assert.True(open.Count == 0 || to <= open.Peek(), $"lane {lane.Key}: {from} to {to} ends after {(open.Count == 0 ? 0 : open.Peek())}");
                open.Push(to);
            }
        }
        var steps = spans.Where(s => s.Lane == TraceLane.Step).ToList();
        Assert.Equal(4, steps.Count);
        foreach (var step in steps)
        {
            var within = spans.Where(s => s.Lane == TraceLane.Kernels && s.Begin >= step.Begin && s.End <= step.End).ToList();
            var outermost = within.Where(s => !within.Any(o => o != s && o.Begin <= s.Begin && s.End <= o.End)).ToList();
            Assert.InRange(outermost.Sum(s => s.End - s.Begin), 0, step.End - step.Begin);
        }
        // The bodies of loops are seen: five iterations of the product in each step.
        Assert.Equal(4 * 5, Events(json, "X").Count(e => e["args"]!["op"]?.ToString() == "MatMul"));
    }

    [Fact]
    public void A_full_lane_says_what_it_left_out_and_the_table_still_counts_it()
    {
        var (trace, profile) = Profiled(steps: 6, mostEvents: 7);
        var json = Written(trace);
        Assert.Equal(7, Events(json, "X").Count(e => (int)e["tid"]! == TraceLane.Kernels));
        Assert.Equal(6, Events(json, "X").Count(e => (int)e["tid"]! == TraceLane.Step));
        var note = Assert.Single(Events(json, "i"));
        Assert.Equal($"{trace.Dropped} later events left out: the lane keeps 7", (string)note["name"]!);
        Assert.Equal("t", (string)note["s"]!);
        Assert.Equal(trace.Dropped, (long)json["otherData"]!["dropped_events"]!);
        Assert.Equal(6 * 5, new OperationTable(profile, Ceiling).Operations.Single(o => o.Operation == "MatMul").Calls);
    }

    [Fact]
    public void A_table_adds_up_to_the_steps_and_gives_rates_and_percents()
    {
        var (_, profile) = Profiled(steps: 5);
        var table = new OperationTable(profile, Ceiling);
        Assert.Equal(5, profile.Steps);
        Assert.InRange(table.Kernels.Sum(k => k.Seconds), 0, profile.StepSeconds);
        Assert.Equal(table.Kernels.Sum(k => k.Seconds), table.Operations.Sum(k => k.Seconds), 1e-9);
        Assert.Equal(table.Kernels.OrderByDescending(k => k.Seconds), table.Kernels);
        var product = table.Operations.Single(o => o.Operation == "MatMul");
        Assert.Equal(5 * 5 * 2L * 20 * 40 * 40, product.Flops);
        Assert.Equal(product.Flops / product.Seconds / 1e9, product.GigaFlops, 1e-9);
        Assert.Equal(100 * Math.Max(product.Flops / 100e9, product.Bytes / 100e9) / product.Seconds, product.PercentOfCeiling, 0.1 * product.PercentOfCeiling);
        // A loop has the time between the kernels of its body, and none of their work.
        var loop = table.Operations.Single(o => o.Operation == "Loop");
        Assert.True(loop is { Flops: 0, Bytes: 0, PercentOfCeiling: 0, Seconds: > 0 });
        var lines = table.Lines(table.Kernels, most: 2);
        Assert.Matches(@"^operation +of +calls +ms/step +% of step +GFLOP/s +GB/s +% of ceiling$", lines[0]);
        Assert.StartsWith($"{table.Kernels.Count - 2} more", lines[4], StringComparison.Ordinal);
        Assert.StartsWith("all kernels", lines[5], StringComparison.Ordinal);
        Assert.StartsWith("between kernels", lines[6], StringComparison.Ordinal);
        Assert.Matches(@"^5 steps of .* ms on 1 thread; ceiling 100 GFLOP/s of Float32, 10\.0 GB/s from memory", table.Title);
    }

    /// <summary>The ceiling is measured and a large product is near it.</summary>
    [Fact]
    public void No_kernel_is_faster_than_the_machine()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [512, 512]);
        using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = session.Compile([x], [x.MatMul(x), x.Exp().Sum([1])]);
        Tensor[] feeds = [Tensor.Zeros(DType.Float32, [512, 512])], results = [Tensor.Zeros(DType.Float32, [512, 512]), Tensor.Zeros(DType.Float32, [512])];
        for (var i = 0; i < 5; i++) step.Run(feeds, results);
        var profile = new PlanProfile();
        for (var i = 0; i < 10; i++)
        {
            profile.BeginStep();
            step.Run(feeds, results, profile);
            profile.EndStep(i);
        }
        // A busy moment lowers the ceiling, never raises it.
        var rows = new OperationTable(profile, MachineCeiling.Measure(1)).Operations;
        for (var again = 0; again < 9 && rows.Any(r => r.PercentOfCeiling > 120); again++) rows = new OperationTable(profile, MachineCeiling.Measure(1)).Operations;
        Assert.All(rows, row => Assert.InRange(row.PercentOfCeiling, double.Epsilon, 120));
        Assert.Contains(rows, row => row.Operation == "MatMul" && row.PercentOfCeiling > 1);
    }

    [Fact]
    public void Traces_of_several_ranks_become_one_on_the_clock_of_rank_0()
    {
        string[] files = [Path.Combine(_directory, "b.json.gz"), Path.Combine(_directory, "a.json.gz")];
        EventTrace[] traces = [new(3) { ClockOffset = 1000.5 }, new(0)];
        foreach (var (trace, file) in traces.Zip(files))
        {
            using (trace.Time(TraceLane.Step, "step", 1)) { }
            TraceFile.Write(trace, file);
        }
        var merged = Path.Combine(_directory, "merged.json");
        Assert.Equal([0, 3], TraceMerge.Write(files, merged));
        var json = JsonNode.Parse(File.ReadAllText(merged))!;
        Assert.Equal([0, 3], Events(json, "X").Select(e => (int)e["pid"]!));
        Assert.Equal([0, 3], json["otherData"]!["ranks"]!.AsArray().Select(r => (int)r!["rank"]!));
        Assert.Equal((decimal)Events(Read(files[0]), "X").Single()["ts"]! + 1000.5m, (decimal)Events(json, "X").Last()["ts"]!);
        Assert.Equal((decimal)Events(Read(files[1]), "X").Single()["ts"]!, (decimal)Events(json, "X").First()["ts"]!);

        Assert.Equal([0, 3], TraceMerge.Write(files, merged + ".gz"));
        Assert.Equal(json.ToJsonString(), Read(merged + ".gz").ToJsonString());
    }

    [Fact]
    public void What_is_no_trace_is_not_merged()
    {
        var trace = Path.Combine(_directory, TraceFile.NameOf(12));
        Assert.EndsWith("trace-rank-0012.json.gz", trace, StringComparison.Ordinal);
        TraceFile.Write(new EventTrace(12), trace);
        var copy = Path.Combine(_directory, "copy.json.gz");
        File.Copy(trace, copy);
        Refused("are both of rank 12", trace, copy);
        Refused("can't be read", Path.Combine(_directory, "missing.json.gz"));
        foreach (var text in new[] { "{}", "[]", "{\"traceEvents\":[]}", "{\"traceEvents\":[1],\"otherData\":{\"rank\":0,\"clock_offset_us\":0}}", "{\"traceEvents\":[{\"ts\":\"x\"}],\"otherData\":{\"rank\":0,\"clock_offset_us\":0}}" })
        {
            File.WriteAllText(copy, text);
            Refused("is no trace of a rank", copy);
        }
        File.WriteAllText(copy, "oops");
        Refused("can't be read", copy);
        File.WriteAllBytes(copy, File.ReadAllBytes(trace)[..20]);
        Refused("can't be read", copy);
        Assert.Contains("can't be written", Assert.Throws<DunlinException>(() => TraceMerge.Write([trace], Path.Combine(_directory, "none", "x.json"))).Message, StringComparison.Ordinal);

        void Refused(string why, params string[] files)
        {
            var target = Path.Combine(_directory, "target.json");
            var message = Assert.Throws<DunlinException>(() => TraceMerge.Write(files, target)).Message;
            Assert.Contains(why, message, StringComparison.Ordinal);
            Assert.Contains(files[^1], message, StringComparison.Ordinal);
            Assert.False(File.Exists(target));
        }
    }

    /// <summary>Steps of a loop of five products, and something besides.</summary>
    private static (EventTrace Trace, PlanProfile Profile) Profiled(int steps, int mostEvents = EventTrace.UsualMostEvents)
    {
        var graph = new Graph();
        var (x, w) = (graph.Placeholder("x", DType.Float32, [20, 40]), graph.Placeholder("w", DType.Float32, [40, 40]));
        var (states, _) = ControlFlow.Scan([graph.Placeholder("t", DType.Float32, [5, 20, 40])], [x], (s, t) => ([(s[0].MatMul(w) + t[0]).Tanh()], []));
        var y = states[0].Sum([1]);
        using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = session.Compile([x, w, graph.Nodes.First(n => n.Name == "t").Outputs[0]], [y]);
        Tensor[] feeds = [Tensor.Zeros(DType.Float32, [20, 40]), Tensor.Zeros(DType.Float32, [40, 40]), Tensor.Zeros(DType.Float32, [5, 20, 40])];
        Tensor[] results = [Tensor.Zeros(DType.Float32, [20])];
        var trace = new EventTrace(0, mostEvents);
        var profile = new PlanProfile(trace);
        for (var i = 0; i < steps; i++)
        {
            profile.BeginStep();
            step.Run(feeds, results, profile);
            profile.EndStep(i + 1);
        }
        return (trace, profile);
    }

    private JsonNode Written(EventTrace trace)
    {
        var file = Path.Combine(_directory, TraceFile.NameOf(trace.Rank));
        TraceFile.Write(trace, file);
        return Read(file);
    }

    private static JsonNode Read(string file)
    {
        using var zip = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        return JsonNode.Parse(zip)!;
    }

    private static IEnumerable<JsonNode> Events(JsonNode json, string phase) => json["traceEvents"]!.AsArray().Where(e => (string)e!["ph"]! == phase)!;
}
