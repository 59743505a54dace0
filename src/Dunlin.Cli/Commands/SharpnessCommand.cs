using System.CommandLine;
using System.Globalization;
using Dunlin.Cli.Configuration;
using Dunlin.Cli.Progress;
using Dunlin.Training;
using Dunlin.Training.Data;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin sharpness</c>: measures how much higher the training loss of a trained model is nearby.</summary>
internal static class SharpnessCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("sharpness", "Measures how sharp the minimum is that a run has found (Keskar et al., 2017).");
        var options = new ModelOptions(command);
        var epsilon = new Option<double>("--epsilon") { Description = "how far to look, as a part of 1 + each weight's magnitude", DefaultValueFactory = _ => 1e-3 };
        var directions = new Option<int?>("--directions") { Description = "look along so many random directions (the paper: 100); along all weights unless given" };
        var examples = new Option<int?>("--examples") { Description = "take the loss over so many training examples; all unless given" };
        var repeats = new Option<int>("--repeats") { Description = "measure so often, each time with other random directions", DefaultValueFactory = _ => 1 };
        var iterations = new Option<int>("--iterations") { Description = "iterations of L-BFGS-B", DefaultValueFactory = _ => 10 };
        foreach (var option in new Option[] { epsilon, directions, examples, repeats, iterations }) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var how = Failures.Preparing(() =>
            {
                _ = Require.AtLeast("--repeats", parsed.GetValue(repeats), 1);
                if (parsed.GetValue(examples) is { } count) Require.AtLeast("--examples", count, 1);
                return new SharpnessOptions { Epsilon = parsed.GetValue(epsilon), Directions = parsed.GetValue(directions), Iterations = parsed.GetValue(iterations) };
            });
            if (parsed.GetValue(repeats) > 1 && how.Directions is null) throw new ConfigurationException("Along all weights nothing is random: --repeats is for --directions.");
            using var model = options.Load(host, parsed);
            var data = model.Run.Data.Load(host).Train;
            if (parsed.GetValue(examples) is { } some) data = data.Take(some);
            using var surface = new LossSurface(model.Run.Model, data, model.Run.Loss.Loss, model.Predictor.Weights, new() { Kernels = model.Run.Options.Kernels, Threads = model.Threads }, model.Run.Options.ValidationBatchSize);
            double[] weights = [.. surface.Weights];
            var results = Failures.Preparing(() => Enumerable.Range(0, parsed.GetValue(repeats)).Select(seed => Sharpness.Measure(surface.Evaluate, weights, how with { Seed = (ulong)seed })).ToArray());
            Report(host, parsed.GetValue(options.Json), results, how, surface.Length, data.Count);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Report(CliHost host, bool asJson, SharpnessResult[] results, SharpnessOptions how, int weights, int examples)
    {
        var mean = results.Average(r => r.Value);
        var deviation = results.Length > 1 ? Math.Sqrt(results.Sum(r => (r.Value - mean) * (r.Value - mean)) / (results.Length - 1)) : 0;
        if (asJson)
        {
            host.Out.WriteLine(JsonEvents.Object(new Dictionary<string, double>
            {
                ["sharpness"] = mean,
                ["deviation"] = deviation,
                ["loss"] = results[0].Loss,
                ["highest"] = results.Max(r => r.Highest),
                ["evaluations"] = results.Sum(r => r.Evaluations),
            }).ToJsonString());
            return;
        }
        host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sharpness: {mean:0.####}{(results.Length > 1 ? $" +- {deviation:0.####} over {results.Length} draws" : "")}"));
        host.Out.WriteLine($"training loss: {Format.Metric(results[0].Loss)}, up to {Format.Metric(results.Max(r => r.Highest))} nearby");
        host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"epsilon {how.Epsilon}, {(how.Directions is { } q ? $"{q} random directions among {weights:N0} weights" : $"all {weights:N0} weights")}, on {examples:N0} training examples"));
    }
}
