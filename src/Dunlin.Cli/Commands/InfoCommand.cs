using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Json.Nodes;
using Dunlin.Cli.Configuration;
using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training.Data;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin info</c>: what this machine has, and how a run would start on it.</summary>
internal static class InfoCommand
{
    public static Command Create(CliHost host)
    {
        var json = new Option<bool>("--json") { Description = "one JSON object on stdout" };
        var command = new Command("info", "Says what this machine has: processors, kernel sets, data sets, launcher.") { json };
        command.SetAction(parsed =>
        {
            var facts = Facts(host);
            if (parsed.GetValue(json)) host.Out.WriteLine(new JsonObject(facts.Select(fact => KeyValuePair.Create<string, JsonNode?>(fact.Name, fact.Value))).ToJsonString());
            else
                foreach (var (name, value) in facts) host.Out.WriteLine($"{name,-18}{value}");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The command's own version.</summary>
    public static string Version { get; } =
        typeof(InfoCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static List<(string Name, string Value)> Facts(CliHost host) =>
    [
        ("version", Version),
        ("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}"),
        ("processor", $"{ProcessorName()}, {VectorBits}-bit vectors"),
        ("processors", $"{Environment.ProcessorCount} usable"),
        ("kernels managed", KernelSets.Managed.Description),
        ("kernels onednn", KernelSets.OneDnn?.Description ?? $"not available: {KernelSets.OneDnnProblem}"),
        ("kernels default", Attempt(() => KernelSets.Resolve(host.Variable("DUNLIN_KERNELS")).Name)),
        ("precision", Attempt(() => KernelSets.Resolve(host.Variable("DUNLIN_KERNELS")).Multiplies(DType.BFloat16)
            ? "float32; bfloat16, which the default kernels multiply faster"
            : "float32; bfloat16 would be slower: the default kernels do not multiply it on this processor")),
        ("threads", Attempt(() => $"{RankDiscovery.ThreadsPerRank(host.Environment, Environment.ProcessorCount, 1)} for one worker")),
        ("data sets", FashionMnist.IsInstalled()
            ? $"fashion-mnist in {FashionMnist.DefaultDirectory}; digits (generated)"
            : "digits (generated); fashion-mnist is not installed (apt-get install dataset-fashion-mnist)"),
        ("recipes", string.Join(", ", Recipe.Names)),
        ("launcher", Attempt(() => Describe(RankDiscovery.Discover(host.Environment)))),
    ];

    private static int VectorBits => Avx512F.IsSupported || Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64;

    private static string Describe(LaunchInfo? launch) => launch is null
        ? "none: one process, its workers are threads"
        : $"{launch.Family}: rank {launch.Rank} of {launch.Size}{(launch.MeetingPoint is { } place ? $", meeting at {place}" : "")}";

    /// <summary>A wrong variable is a fact about this machine too, not a reason to say nothing.</summary>
    private static string Attempt(Func<string> find)
    {
        try { return find(); }
        catch (DunlinException e) { return $"error: {e.Message}"; }
    }

    private static string ProcessorName()
    {
        const string file = "/proc/cpuinfo";
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
