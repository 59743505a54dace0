using Dunlin.Graphs.Plans;
using Dunlin.Graphs.Profiling;

namespace Dunlin.Training;

/// <summary>Where the time and the memory of some steps of a run went, on one worker.</summary>
/// <param name="Operations">Operations and kernels with their times and rates.</param>
/// <param name="Memory">What lies in the step's memory for intermediate values at its peak.</param>
/// <param name="Trace">The single events.</param>
/// <param name="Files">What was written: a trace for each worker, a text for each; empty without a run directory.</param>
public sealed record RunProfile(OperationTable Operations, PeakMemory Memory, EventTrace Trace, IReadOnlyList<string> Files)
{
    /// <summary>The whole profile as lines of text.</summary>
    /// <param name="most">Lines of each table; the rest is summed up.</param>
    public IReadOnlyList<string> Lines(int most = int.MaxValue) =>
    [
        Operations.Title, "", .. Operations.Lines(Operations.Operations, most), "",
        "By kernel:", "", .. Operations.Lines(Operations.Kernels, most), "",
        PeakMemoryTable.Title(Memory), "", .. PeakMemoryTable.Lines(Memory, most),
    ];

    /// <summary>The text file's name for a rank, such as <c>profile-rank-0003.txt</c>.</summary>
    internal static string NameOf(int rank) => $"profile-rank-{rank:0000}.txt";
}
