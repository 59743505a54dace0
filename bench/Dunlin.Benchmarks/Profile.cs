using System.Diagnostics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;

namespace Dunlin.Benchmarks;

/// <summary>Adds up the time of each kernel of a step over many steps.</summary>
internal sealed class Profile : IStepObserver
{
    private readonly SortedDictionary<int, (string Name, TensorType Type, long Ticks, long Begin)> _kernels = [];
    private int _steps;

    public void Before(int index, string node, string operation)
    {
        if (index == 0) _steps++;
        var known = _kernels.GetValueOrDefault(index);
        _kernels[index] = ($"{operation} ({node})", known.Type, known.Ticks, Stopwatch.GetTimestamp());
    }

    public void After(int index, string node, string operation, TensorType type, nint address, long bytes)
    {
        var known = _kernels[index];
        if (known.Begin == 0) return;
        _kernels[index] = (known.Name, type, known.Ticks + Stopwatch.GetTimestamp() - known.Begin, 0);
    }

    /// <summary>One line for each kernel: microseconds a step, what it is, and what it makes.</summary>
    public IEnumerable<string> Lines() => _kernels.Values
        .Select(k => (Micros: k.Ticks * 1e6 / Stopwatch.Frequency / _steps, k.Name, k.Type))
        .Select(k => $"{k.Micros,12:F2} us  {k.Name} -> {k.Type}");
}
