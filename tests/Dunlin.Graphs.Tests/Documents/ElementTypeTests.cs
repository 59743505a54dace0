using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Documents;

public class ElementTypeTests
{
    /// <summary>Where their elements come from or go to, and what takes several ranks, is no matter of kernels: see the tests of steps and collectives.</summary>
    internal static readonly HashSet<string> NotProbed =
    [
        "Placeholder", "Constant", "ReadVariable", "Assign", "AllReduce", "Broadcast", "IsRank", "AllGather", "ReduceScatter", "Pack", "Unpack", "AllReduceStart", "AllReduceWait", "AllToAllStart", "AllGatherRows", "TakePiece", "PackPieces", "JoinPieces", "UnpackPiece", "ReduceScatterStart", "AllGatherStart", "PieceWait", "Underivable",
    ];

    /// <summary>Each type has random bits of its own; what a kernel keeps for itself is laid out as it likes.</summary>
    private static readonly HashSet<string> NotCompared = ["Dropout", "RandomFill", "RandomIntegers", "RandomPermutation", "RandomGamma", "RandomPoisson", "RandomBinomial", "Categorical", "Bitcast"];

    public static TheoryData<string> Operations => [.. OperationCases.Catalogue().Select(o => o.Key).Where(o => !NotProbed.Contains(o))];

    [Theory, MemberData(nameof(Operations))]
    public void Kernels_take_what_the_shape_rule_takes_and_agree_with_Float64(string operation)
    {
        var probes = Probe.Of(operation);
        Assert.True(probes.Count > 0 || Probe.IsOfLists(operation), $"Nothing runs {operation}: it has neither a gradient check nor a golden case; add it to Documents/Samples.cs.");
        foreach (var probe in probes)
            foreach (var (other, from, to) in probe.OtherTypes())
            {
                var what = $"{probe.Operation} on {string.Join(", ", other.Inputs.AsEnumerable())}";
                IReadOnlyList<Tensor> computed;
                try { computed = other.Run(); }
                catch (Exception e) { throw new DunlinException($"The shape rule of {what} takes it, but it does not run: {e.Message}", e); }
                if (from != DType.Float64 || to is DType.Float64 or DType.UInt8 or DType.Bool || NotCompared.Contains(operation)) continue;
                // An attribute that makes integers of fractions changes them.
                if (!to.IsFloat() && other.Operation != probe.Operation) continue;
                // The same numbers, which are few bits or integers.
                var wide = other with { Operation = probe.Operation, Inputs = [.. other.Inputs.Select((x, i) => probe.Inputs[i].Type == DType.Float64 ? Elements.As(x, DType.Float64) : x)] };
                foreach (var (y, expected) in computed.Zip(wide.Run())) AssertNear(expected, y, Precision(to), what);
            }
    }

    private static double Precision(DType type) => type switch { DType.Float32 => 2e-5, DType.Float16 => 8e-3, DType.BFloat16 => 6e-2, _ => 0 };

    /// <summary>Relative to the largest element, which is what the smaller ones may have cancelled from.</summary>
    private static void AssertNear(Tensor expected, Tensor computed, double precision, string what)
    {
        Assert.Equal(expected.Shape, computed.Shape);
        var (wanted, actual) = (Elements.Doubles(expected), Elements.Doubles(computed));
        // What the type can't hold: beyond its largest numbers a float is infinite, an integer the largest.
        var held = Evaluate.Of(x => x[0].Cast(computed.Type).Cast(DType.Float64), expected).ToArray<double>();
        for (var i = 0; i < wanted.Length; i++)
            if (double.IsInfinity(wanted[i]) || double.IsInfinity(held[i])) wanted[i] = held[i];
        var size = wanted.Where(double.IsFinite).Select(Math.Abs).Append(1).Max();
        for (var i = 0; i < wanted.Length; i++)
            Assert.True(actual[i].Equals(wanted[i]) || Math.Abs(actual[i] - wanted[i]) <= precision * size, $"{what}: {actual[i]} at place {i}, in Float64 {wanted[i]}.");
    }
}
