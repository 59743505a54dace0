using System.Text.Json;
using System.Text.Json.Nodes;
using Dunlin.Training;

namespace Dunlin.Cli.Progress;

/// <summary>What happens in a run as JSON, one object a line, for other programs. Steps come at most once a second.</summary>
internal sealed class JsonEvents(TextWriter output, TimeProvider clock) : ITrainingObserver
{
    private static readonly TimeSpan StepInterval = TimeSpan.FromSeconds(1);

    private TrainingPlan? _plan;
    private long _lastStep;

    public void Started(TrainingPlan plan)
    {
        _plan = plan;
        _lastStep = clock.GetTimestamp();
        Write(new JsonObject
        {
            ["event"] = "started",
            ["epochs"] = plan.Epochs,
            ["stepsPerEpoch"] = plan.StepsPerEpoch,
            ["firstStep"] = plan.FirstStep,
            ["batchSize"] = plan.BatchSize,
            ["workers"] = plan.Workers,
            ["threadsPerWorker"] = plan.ThreadsPerWorker,
            ["kernels"] = plan.Kernels,
            ["parameters"] = plan.Parameters,
            ["resumedFrom"] = plan.ResumedFrom,
        });
    }

    public void Stepped(in StepReport report)
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(_lastStep, now) < StepInterval) return;
        _lastStep = now;
        var metrics = new JsonObject();
        for (var i = 0; i < report.Metrics.Length; i++) metrics[_plan!.MetricNames[i]] = Number(report.Metrics[i]);
        Write(new JsonObject { ["event"] = "step", ["step"] = report.Step, ["epoch"] = report.Epoch, ["metrics"] = metrics });
    }

    public void EpochEnded(EpochReport report) => Write(new JsonObject
    {
        ["event"] = "epoch",
        ["epoch"] = report.Epoch,
        ["step"] = report.Step,
        ["training"] = Object(report.Training),
        ["validation"] = Object(report.Validation),
        ["seconds"] = Number(report.Seconds),
        ["itemsPerSecond"] = Number(report.ItemsPerSecond),
        ["isBest"] = report.IsBest,
    });

    public void CheckpointSaved(string directory, long step) => Write(new JsonObject { ["event"] = "checkpoint", ["step"] = step, ["directory"] = directory });

    public void Warned(string message) => Write(new JsonObject { ["event"] = "warning", ["message"] = message });

    public void Ended(TrainingResult result) => Write(new JsonObject
    {
        ["event"] = "ended",
        ["reason"] = JsonNamingPolicy.CamelCase.ConvertName(result.Reason.ToString()),
        ["steps"] = result.Steps,
        ["metrics"] = Object(result.Metrics),
        ["lastCheckpoint"] = result.LastCheckpoint,
        ["bestCheckpoint"] = result.BestCheckpoint,
        ["profile"] = result.Profile is { } profile ? new JsonArray([.. profile.Files.Select(file => JsonValue.Create(file))]) : null,
    });

    /// <summary>Named numbers as an object.</summary>
    public static JsonObject Object(IReadOnlyDictionary<string, double> values) => new(values.Select(pair => KeyValuePair.Create(pair.Key, Number(pair.Value))));

    /// <summary>JSON has no NaN and no infinities; they are strings, as in the metrics log.</summary>
    private static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(value.ToString());

    private void Write(JsonObject line)
    {
        output.WriteLine(line.ToJsonString());
        output.Flush();
    }
}
