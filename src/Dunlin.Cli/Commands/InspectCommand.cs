using System.CommandLine;
using System.Text.Json.Nodes;
using Dunlin.Cli.Progress;
using Dunlin.Tensors;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin inspect</c>: what a checkpoint or a safetensors file holds. Reads no tensor's elements but to compare checksums.</summary>
internal static class InspectCommand
{
    public static Command Create(CliHost host)
    {
        var path = new Argument<string>("path") { Description = "a run, a checkpoint, a .safetensors file or the .index.json of several" };
        var json = new Option<bool>("--json") { Description = "one JSON object a line on stdout" };
        var command = new Command("inspect", "Lists the tensors of a checkpoint and verifies its manifest.") { path, json };
        command.SetAction(parsed =>
        {
            var full = host.Resolve(parsed.GetValue(path)!);
            var asJson = parsed.GetValue(json);
            if (File.Exists(full)) foreach (var file in Safetensors.FilesOf(full)) List(host, file, asJson);
            else Inspect(host, CheckpointPath.Find(host, full), asJson);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Inspect(CliHost host, Checkpoint checkpoint, bool asJson)
    {
        var state = checkpoint.State;
        if (asJson)
            host.Out.WriteLine(new JsonObject
            {
                ["checkpoint"] = checkpoint.Directory,
                ["verified"] = true,
                ["step"] = state.Step,
                ["epoch"] = state.Epoch,
                ["batchInEpoch"] = state.BatchInEpoch,
                ["strategy"] = state.Strategy,
            }.ToJsonString());
        else
        {
            host.Out.WriteLine(checkpoint.Directory);
            host.Out.WriteLine("verified: every file is what the manifest says");
            host.Out.WriteLine($"step {state.Step}, epoch {state.Epoch}, batch {state.BatchInEpoch} of it comes next");
            if (state.Strategy.Length > 0) host.Out.WriteLine($"strategy {state.Strategy}{string.Concat(state.Mesh.Select(axis => $", {axis.Key} {axis.Value}"))}");
            if (state.Metric is { } metric) host.Out.WriteLine($"metric {metric}, best so far {state.BestMetric}");
            foreach (var (name, value) in state.RandomCounters) host.Out.WriteLine($"random {name} = {value}");
            foreach (var (name, value) in state.Notes) host.Out.WriteLine($"note {name} = {value}");
        }
        foreach (var file in Directory.GetFiles(checkpoint.Directory, "*.safetensors").Order(StringComparer.Ordinal)) List(host, file, asJson);
    }

    private static void List(CliHost host, string path, bool asJson)
    {
        using var file = SafetensorsFile.Open(path);
        if (asJson)
        {
            foreach (var entry in file.Entries)
                host.Out.WriteLine(new JsonObject
                {
                    ["file"] = Path.GetFileName(path),
                    ["tensor"] = entry.Name,
                    ["type"] = entry.TypeName,
                    ["shape"] = new JsonArray([.. entry.Dimensions.Select(length => JsonValue.Create(length))]),
                    ["bytes"] = entry.Bytes,
                }.ToJsonString());
            return;
        }
        var width = file.Entries.Select(entry => entry.Name.Length).DefaultIfEmpty().Max() + 2;
        host.Out.WriteLine();
        host.Out.WriteLine($"{Path.GetFileName(path)}: {file.Entries.Count} tensors, {Format.Bytes(file.Entries.Sum(entry => entry.Bytes))}");
        foreach (var entry in file.Entries)
            host.Out.WriteLine($"  {entry.Name.PadRight(width)}{entry.TypeName,-6}{$"[{string.Join(", ", entry.Dimensions)}]",-20}{Format.Bytes(entry.Bytes),12}");
        foreach (var (name, value) in file.Metadata) host.Out.WriteLine($"  note {name} = {value}");
    }
}
