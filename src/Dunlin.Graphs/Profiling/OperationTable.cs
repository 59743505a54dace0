using System.Globalization;

namespace Dunlin.Graphs.Profiling;

/// <summary>A line of a profile: one kernel, or all kernels of one operation.</summary>
/// <param name="Operation">What is done.</param>
/// <param name="Place">The node and its output for a kernel; how many kernels there are for an operation.</param>
/// <param name="Calls">Runs over all steps.</param>
/// <param name="Seconds">Of all runs, without the kernels that ran within.</param>
/// <param name="Flops">Floating-point operations of all runs.</param>
/// <param name="Bytes">Bytes that all runs read and wrote.</param>
/// <param name="LeastSeconds">What the machine would take at least.</param>
public sealed record OperationRow(string Operation, string Place, long Calls, double Seconds, long Flops, long Bytes, double LeastSeconds)
{
    /// <summary>10⁹ floating-point operations a second.</summary>
    public double GigaFlops => Seconds > 0 ? Flops / Seconds / 1e9 : 0;

    /// <summary>10⁹ bytes a second.</summary>
    public double GigaBytes => Seconds > 0 ? Bytes / Seconds / 1e9 : 0;

    /// <summary>Percent of what the machine's vector units or, where those wait for it, its memory do at most; 0 where there is no such work.</summary>
    public double PercentOfCeiling => Seconds > 0 ? 100 * LeastSeconds / Seconds : 0;
}

/// <summary>Where the time of some steps went, the slowest first.</summary>
public sealed class OperationTable
{
    private const int WidestOperation = 44, WidestPlace = 64;

    private readonly MachineCeiling _ceiling;
    private readonly int _steps;
    private readonly double _stepSeconds;

    /// <summary>Makes the table of a profile.</summary>
    /// <param name="profile">At least one step.</param>
    /// <param name="ceiling">Of the threads that ran it.</param>
    public OperationTable(PlanProfile profile, MachineCeiling ceiling)
    {
        (_ceiling, _steps, _stepSeconds) = (ceiling, profile.Steps, profile.StepSeconds);
        // Plans that ran at the same time, or for other shapes, have kernels of their own for one node.
        Kernels = Rows(profile, k => (k.Operation, $"{k.Node} {k.Outputs[0]}"), null);
        Operations = Rows(profile, k => (k.Operation, ""), kernels => $"{kernels} {(kernels == 1 ? "kernel" : "kernels")}");
    }

    /// <summary>A row for each kernel.</summary>
    public IReadOnlyList<OperationRow> Kernels { get; }

    /// <summary>A row for each operation, over all nodes that it computes.</summary>
    public IReadOnlyList<OperationRow> Operations { get; }

    /// <summary>What the table is of, and the ceilings.</summary>
    public string Title => string.Create(CultureInfo.InvariantCulture,
        $"{_steps} steps of {_stepSeconds / Math.Max(1, _steps) * 1e3:0.###} ms on {_ceiling.Threads} {(_ceiling.Threads == 1 ? "thread" : "threads")}; ceiling {_ceiling.Flops / 1e9:0} GFLOP/s of Float32, {_ceiling.MemoryBytes / 1e9:0.0} GB/s from memory, more from caches");

    /// <summary>Some rows as lines of text: calls, milliseconds a step, part of the step, rates, and percent of the machine's ceiling.</summary>
    /// <param name="rows">One of <see cref="Kernels"/> and <see cref="Operations"/>.</param>
    /// <param name="most">How many rows; the others are summed up.</param>
    public IReadOnlyList<string> Lines(IReadOnlyList<OperationRow> rows, int most = int.MaxValue)
    {
        var lines = new List<string[]> { new[] { "operation", "of", "calls", "ms/step", "% of step", "GFLOP/s", "GB/s", "% of ceiling" } };
        lines.AddRange(rows.Take(most).Select(Cells));
        if (rows.Count > most) lines.Add(Cells(Sum($"{rows.Count - most} more", rows.Skip(most))));
        lines.Add(Cells(Sum("all kernels", rows)));
        var between = Math.Max(0, _stepSeconds - rows.Sum(r => r.Seconds));
        lines.Add(Cells(new("between kernels", "", 0, between, 0, 0, 0)));
        return TextTable.Lines(lines, leftColumns: 2);
    }

    private static OperationRow Sum(string name, IEnumerable<OperationRow> rows)
    {
        var all = rows.ToList();
        return new(name, "", all.Sum(r => r.Calls), all.Sum(r => r.Seconds), all.Sum(r => r.Flops), all.Sum(r => r.Bytes), all.Sum(r => r.LeastSeconds));
    }

    private List<OperationRow> Rows(PlanProfile profile, Func<Plans.PlanKernel, (string, string)> key, Func<int, string>? count) =>
    [
        .. profile.Kernels.GroupBy(k => key(k.Kernel)).Select(g => new OperationRow(g.Key.Item1, count?.Invoke(g.Count()) ?? g.Key.Item2, g.Sum(k => k.Calls), g.Sum(k => k.OwnSeconds),
            g.Sum(k => k.Calls * k.Kernel.Flops), g.Sum(k => k.Calls * k.Kernel.Bytes),
            // A wait for others says nothing of this machine.
            g.Sum(k => k.Kernel.IsCommunication ? 0 : k.Calls * _ceiling.LeastSeconds(k.Kernel.LeastFlops, k.Kernel.Bytes))))
            .OrderByDescending(r => r.Seconds),
    ];

    private string[] Cells(OperationRow row) =>
    [
        TextTable.Short(row.Operation, WidestOperation), TextTable.Short(row.Place, WidestPlace), row.Calls == 0 ? "" : row.Calls.ToString("N0", CultureInfo.InvariantCulture),
        Text(row.Seconds / Math.Max(1, _steps) * 1e3, "0.000"), Text(100 * row.Seconds / _stepSeconds, "0.0"), Text(row.GigaFlops, "0.0"), Text(row.GigaBytes, "0.0"), Text(row.PercentOfCeiling, "0"),
    ];

    private static string Text(double number, string format) => number > 0 ? number.ToString(format, CultureInfo.InvariantCulture) : "-";
}
