using System.Diagnostics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;

namespace Dunlin.Benchmarks;

/// <summary>The least time that each kernel of a step took in many steps: what else runs on the machine only makes them longer.</summary>
internal sealed class Profile : IStepObserver
{
    private readonly SortedDictionary<int, (string Name, TensorType Type, long Least, long Begin)> _kernels = [];

    public void Before(int index, string node, string operation)
    {
        var least = _kernels.TryGetValue(index, out var known) ? known.Least : long.MaxValue;
        _kernels[index] = ($"{operation} ({node})", known.Type, least, Stopwatch.GetTimestamp());
    }

    public void After(int index, string node, string operation, TensorType type, nint address, long bytes)
    {
        var known = _kernels[index];
        if (known.Begin == 0) return;
        _kernels[index] = (known.Name, type, Math.Min(known.Least, Stopwatch.GetTimestamp() - known.Begin), 0);
    }

    /// <summary>One line for each kernel: microseconds, what it is, and what it makes.</summary>
    public IEnumerable<string> Lines() => _kernels.Values
        .Select(k => (Micros: k.Least * 1e6 / Stopwatch.Frequency, k.Name, k.Type))
        .Select(k => $"{k.Micros,12:F2} us  {k.Name} -> {k.Type}");
}
