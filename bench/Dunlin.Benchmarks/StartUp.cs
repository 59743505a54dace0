using System.Diagnostics;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Benchmarks;

/// <summary>What passes before a process has done its first step of a row, in milliseconds.</summary>
/// <param name="Runtime">From the process's start to the program's first line.</param>
/// <param name="Graph">Building the model, its gradients and updates.</param>
/// <param name="Plan">Compiling the step: rewriting passes, kernels, memory, first elements of all variables.</param>
/// <param name="FirstStep">The first step.</param>
/// <param name="SecondStep">The second one.</param>
internal sealed record StartUp(double Runtime, double Graph, double Plan, double FirstStep, double SecondStep)
{
    public static StartUp Measure(Row row, IKernelSet kernels, int threads)
    {
        using var process = Process.GetCurrentProcess();
        var runtime = (DateTime.Now - process.StartTime).TotalMilliseconds;
        var clock = Stopwatch.StartNew();
        using var measurement = new Measurement(row, kernels, threads);
        var graph = Lap();
        _ = measurement.Plan;
        var plan = Lap();
        measurement.Step();
        var first = Lap();
        measurement.Step();
        return new(runtime, graph, plan, first, Lap());

        double Lap()
        {
            var elapsed = clock.Elapsed.TotalMilliseconds;
            clock.Restart();
            return elapsed;
        }
    }
}
