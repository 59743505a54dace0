using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Profiling;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Profiling;

public class PeakMemoryTests
{
    [Fact]
    public void Entries_say_whose_outputs_lie_there_and_add_up()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [64, 256]);
        // Two large values at once, and then only small ones.
        Value large, small;
        using (graph.Scope("wide")) large = x.MatMul(x, transposeB: true).Exp().Softmax(0);
        using (graph.Scope("narrow")) small = large.MatMul(x).Sum();
        using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = session.Compile([x], [small]);
        var plan = step.PlanFor([Tensor.Zeros(DType.Float32, [64, 256])]);
        var peak = plan.FindPeakMemory();
        Assert.Equal(peak.LiveBytes, peak.Entries.Sum(e => e.Bytes));
        Assert.Equal(plan.ArenaBytes, peak.ArenaBytes);
        Assert.InRange(peak.LiveBytes, 64 * 256 * 4, peak.ArenaBytes);
        Assert.Contains(peak.Entries, e => e is { Node: "narrow/MatMul", Operation: "MatMul", Bytes: 64 * 256 * 4, IsScratch: false });
        Assert.Contains(peak.Entries, e => e.Node.StartsWith("wide/", StringComparison.Ordinal) && e.Bytes == 64 * 64 * 4);
        Assert.Contains("narrow/MatMul", peak.During, StringComparison.Ordinal);
        Assert.Equal(peak.Entries.OrderByDescending(e => e.Bytes).Select(e => e.Bytes), peak.Entries.Select(e => e.Bytes));
        Assert.StartsWith("all", PeakMemoryTable.Lines(peak)[^1], StringComparison.Ordinal);
        Assert.Contains(peak.LiveBytes.ToString("N0"), PeakMemoryTable.Lines(peak, most: 1)[^1], StringComparison.Ordinal);
        Assert.Contains(" more", PeakMemoryTable.Lines(peak, most: 1)[^2], StringComparison.Ordinal);
    }

    /// <summary>Whatever lives at once fits into the arena, and at the peak nearly fills it.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public void A_training_step_is_full_at_its_peak(bool fused)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [16, 3, 20, 20]);
        var w = graph.Variable("w", DType.Float32, [8, 3, 3, 3], new Ones());
        var loss = x.Conv(w.Value).Relu().Square().Mean();
        Value[] updates = [w.Assign(w.Value - Gradients.Of(loss, [w])[0]!.Dense())];
        using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = fused ? session.Compile([x], [loss], updates) : session.CompileUnfused([x], [loss]);
        var peak = step.PlanFor([Tensor.Zeros(DType.Float32, [16, 3, 20, 20])]).FindPeakMemory();
        Assert.Equal(peak.LiveBytes, peak.Entries.Sum(e => e.Bytes));
        Assert.InRange(peak.LiveBytes, 0.6 * peak.ArenaBytes, peak.ArenaBytes);
    }
}
