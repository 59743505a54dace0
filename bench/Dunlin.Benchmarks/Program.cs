using System.Globalization;
using System.Runtime.InteropServices;
using Dunlin;
using Dunlin.Benchmarks;
using Dunlin.Communication;
using Dunlin.Graphs.Profiling;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

// dunlin-bench ROW THREADS [KERNELS] [SECONDS] [--precision bf16] [--without PASS] [--profile]: measures one row and prints {"ms":…,"peak_mb":…,"kernels":…,"gflop":…,"parameters":…}. See bench/run.
// dunlin-bench ceiling THREADS: the most Float32 operations a second that the processor's vector units do, and what runs here.
// dunlin-bench loop: microseconds an iteration of loops of trivial ones: of one shape, of shapes that change, with a list.
// dunlin-bench convolutions THREADS [KERNELS] [TYPE]: milliseconds of AlexNet's five convolutions, forward and both gradients, each kernel alone.
// dunlin-bench start ROW THREADS [KERNELS]: milliseconds from the process's start to the end of its first and second step.
// dunlin-bench attention N HEADS PLACES WIDTH THREADS [KERNELS [ROWS]]: milliseconds and megabytes of attention, composed and as one operation; the first so many rows.
// dunlin-bench kernels THREADS: milliseconds of single kernels, managed and oneDNN's.
// mpirun -np R dunlin-bench collectives: microseconds of an all-reduce between processes, bare and through the communicators.
// mpirun -np R dunlin-bench ranks ROW THREADS [KERNELS [SECONDS [FOLDER]]]: milliseconds of a data-parallel step, each rank with a whole batch; traces into the folder. See bench/distributed.
// dunlin-bench scaling WORKERS [KERNELS]: images a second of training runs on one worker and on several, of one thread each.
// dunlin-bench connections [MB]: GB/s of pushes and pulls over loopback, plain and with TLS, and milliseconds of steps of a parameter server that compute nothing, up to tables of so many megabytes.
LaunchedTerminal.Quieten(StartupEnvironment.All());
if (args is ["collectives"])
{
    CollectiveCost.Measure(Console.Out);
    return 0;
}
if (args is ["connections", ..])
{
    ConnectionCost.Measure(Console.Out);
    NullStep.Measure(Console.Out, args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 256);
    return 0;
}
if (args is ["ranks", var named, var each, ..] && int.TryParse(each, out var threadsEach))
{
    var model = Row.All.Single(r => r.Name == named);
    RankedSteps.Measure(model, KernelSets.Resolve(args.Length > 3 && args[3] != "default" ? args[3] : null), threadsEach,
        args.Length > 4 ? double.Parse(args[4], CultureInfo.InvariantCulture) : 6, args.Length > 5 ? args[5] : null, Console.Out);
    return 0;
}
if (args is ["scaling", var count, ..] && int.TryParse(count, out var workers))
{
    var (one, all, ratio) = Scaling.Measure(workers, KernelSets.Resolve(args.Length > 2 ? args[2] : null));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"workers":{{workers}},"one_items_s":{{one:F0}},"all_items_s":{{all:F0}},"speedup":{{ratio:F3}}}"""));
    return 0;
}
if (args is ["convolutions", var width, ..] && int.TryParse(width, out var team))
{
    var set = KernelSets.Resolve(args.Length > 2 && args[2] != "default" ? args[2] : null);
    var type = args.Length > 3 ? Enum.Parse<DType>(args[3]) : DType.Float32;
    Console.WriteLine($"{set.Description}, {type}, {team} threads, milliseconds");
    foreach (var line in Convolutions.Measure(set, team, type)) Console.WriteLine(line);
    return 0;
}
if (args is ["loop"])
{
    foreach (var (what, iterations, forward, backward) in LoopCost.Measure())
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"loop":"{{what}}","iterations":{{iterations}},"forward_us":{{forward:F3}},"forward_backward_us":{{backward:F3}}}"""));
    return 0;
}
if (args is ["ceiling", var on, ..] && int.TryParse(on, out var cores) && cores > 0)
{
    var set = KernelSets.Resolve(args.Length > 2 && args[2] != "default" ? args[2] : null);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"gflops":{{MachineCeiling.MeasureFlops(cores) / 1e9:F1}},"versions":"{{RuntimeInformation.FrameworkDescription}}, {{set.Name}}: {{set.Description}}"}"""));
    return 0;
}
if (args is ["kernels", var kernelThreads])
{
    foreach (var (name, spec, inputs, outputs) in KernelCost.All())
    {
        double? Cost(IKernelSet? set) => set is null ? null : KernelCost.Measure(set, spec, inputs, outputs, int.Parse(kernelThreads, CultureInfo.InvariantCulture));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-50} managed {Cost(KernelSets.Managed),9:F4} ms, oneDNN {Cost(KernelSets.OneDnn),9:F4} ms"));
    }
    return 0;
}
if (args is ["start", var startRow, var startThreads, ..] && Row.All.FirstOrDefault(r => r.Name == startRow) is { } started)
{
    var t = StartUp.Measure(started, KernelSets.Resolve(args.Length > 3 && args[3] != "default" ? args[3] : null), int.Parse(startThreads, CultureInfo.InvariantCulture));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $$"""{"runtime_ms":{{t.Runtime:F0}},"graph_ms":{{t.Graph:F0}},"plan_ms":{{t.Plan:F0}},"first_step_ms":{{t.FirstStep:F0}},"second_step_ms":{{t.SecondStep:F0}}}"""));
    return 0;
}
if (args is ["attention", var n, var heads, var places, var size, var workersText, ..])
{
    var set = KernelSets.Resolve(args.Length > 6 ? args[6] : null);
    Shape shape = [int.Parse(n, CultureInfo.InvariantCulture), int.Parse(heads, CultureInfo.InvariantCulture), int.Parse(places, CultureInfo.InvariantCulture), int.Parse(size, CultureInfo.InvariantCulture)];
    foreach (var (causal, backward, dropout) in new[] { (false, false, 0), (true, false, 0), (false, true, 0), (true, true, 0), (true, true, 0.1) }.Take(args.Length > 7 ? int.Parse(args[7], CultureInfo.InvariantCulture) : int.MaxValue))
    {
        var (composed, one) = (Attention(true), Attention(false));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $$"""{"causal":{{(causal ? "true" : "false")}},"backward":{{(backward ? "true" : "false")}},"dropout":{{dropout}},"composed_ms":{{composed.Milliseconds:F3}},"ms":{{one.Milliseconds:F3}},"ratio":{{composed.Milliseconds / one.Milliseconds:F2}},"composed_mb":{{composed.Bytes / 1e6:F1}},"mb":{{one.Bytes / 1e6:F1}}}"""));
        (double Milliseconds, long Bytes) Attention(bool composed) => AttentionCost.Measure(composed, shape, causal, backward, dropout, int.Parse(workersText, CultureInfo.InvariantCulture), set);
    }
    return 0;
}
var profile = args.Contains("--profile");
var narrow = Array.IndexOf(args, "--precision") is >= 0 and var option && args.ElementAtOrDefault(option + 1) == "bf16";
args = [.. args.Where(a => a is not "--profile" and not "--precision" and not "bf16")];
var without = Array.IndexOf(args, "--without") is >= 0 and var place && place + 1 < args.Length ? args[place + 1] : null;
args = [.. args.Where(a => a != "--without" && a != without)];
if (args.Length < 2 || Row.All.FirstOrDefault(r => r.Name == args[0]) is not { } row || !int.TryParse(args[1], out var threads))
{
    Console.Error.WriteLine($"usage: dunlin-bench {string.Join("|", Row.All.Select(r => r.Name))} THREADS [managed|onednn] [SECONDS] [--precision bf16] [--without PASS] [--profile]");
    return 2;
}
var kernels = KernelSets.Resolve(args.Length > 2 && args[2] != "default" ? args[2] : null);
var seconds = args.Length > 3 ? double.Parse(args[3], CultureInfo.InvariantCulture) : 3;
using var measurement = new Measurement(row, kernels, threads, narrow ? DType.BFloat16 : DType.Float32, without);
var milliseconds = measurement.Milliseconds(seconds);
if (profile)
{
    var observer = new PlanProfile();
    for (var i = 0; i < Math.Clamp(2000 / milliseconds, 3, 2000); i++) measurement.Step(observer, i);
    var (table, memory) = (new OperationTable(observer, MachineCeiling.Measure(threads)), measurement.Plan.FindPeakMemory());
    string[] report = [table.Title, .. table.Lines(table.Operations), "", .. table.Lines(table.Kernels), "", PeakMemoryTable.Title(memory), .. PeakMemoryTable.Lines(memory, 20)];
    foreach (var line in report) Console.Error.WriteLine(line);
}
var peak = long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"ms":{{milliseconds:F5}},"peak_mb":{{peak:F1}},"kernels":"{{kernels.Name}}","gflop":{{measurement.Flops / 1e9:G6}},"parameters":{{measurement.Parameters}}}"""));
return 0;
