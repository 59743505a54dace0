using System.CommandLine;
using System.Text.Json.Nodes;
using Dunlin.Cli.Catalogues;
using Dunlin.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin predict</c>: uses a trained model on arrays of a file.</summary>
internal static class PredictCommand
{
    private const int BatchSize = 256;

    public static Command Create(CliHost host)
    {
        var input = new Option<string>("--input") { Description = "examples: an NPY or IDX file", Required = true, HelpName = "file" };
        var output = new Option<string?>("--output") { Description = "write what the model gives (probabilities of classes) to an NPY file instead of a line each", HelpName = "file.npy" };
        var command = new Command("predict", "Uses a trained model: classes and probabilities for the examples of a file.") { input, output };
        var options = new ModelOptions(command);
        command.SetAction(parsed =>
        {
            using var model = options.Load(host, parsed);
            var inputs = Failures.Preparing(() => model.Run.Data.Prepare(TensorFile.Load(host.Resolve(parsed.GetValue(input)!)), model.Input));
            var results = Predict(model, inputs);
            if (parsed.GetValue(output) is { } file)
            {
                try
                {
                    Npy.Save(host.Resolve(file), results);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw new DunlinException($"{file}: can't be written: {e.Message}", e);
                }
                host.Out.WriteLine($"{file}: {results}");
            }
            else Print(host, model.Run, results, parsed.GetValue(options.Json));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Runs batch by batch; scores of classes become probabilities.</summary>
    private static Tensor Predict(TrainedModel model, Tensor inputs)
    {
        var count = inputs.Shape[0];
        var size = (int)(inputs.ElementCount / count);
        Tensor? results = null;
        for (var first = 0; first < count; first += BatchSize)
        {
            var rows = Math.Min(BatchSize, count - first);
            var batch = Tensor.Uninitialized(inputs.Type, inputs.Shape.With(0, rows));
            inputs.RawBytes.Slice(first * size * inputs.Type.Size(), rows * size * inputs.Type.Size()).CopyTo(batch.RawBytes);
            var given = model.Predictor.Predict(batch);
            results ??= Tensor.Uninitialized(DType.Float32, given.Shape.With(0, count));
            var width = (int)(given.ElementCount / rows);
            var target = results.Span<float>().Slice(first * width, rows * width);
            given.Span<float>().CopyTo(target);
            GC.KeepAlive(inputs);
            GC.KeepAlive(given);
            if (!model.Run.Loss.IsClassification) continue;
            var classes = given.Shape[^1];
            for (var begin = 0; begin < target.Length; begin += classes) Softmax(target.Slice(begin, classes));
        }
        return results!;
    }

    /// <summary>The maximum goes first, so that no exponential overflows.</summary>
    private static void Softmax(Span<float> scores)
    {
        TensorPrimitives.Subtract(scores, TensorPrimitives.Max<float>(scores), scores);
        TensorPrimitives.Exp(scores, scores);
        TensorPrimitives.Divide(scores, TensorPrimitives.Sum<float>(scores), scores);
    }

    /// <summary>A line for each example; for each of its steps, where the model scores classes step by step.</summary>
    private static void Print(CliHost host, RunConfiguration run, Tensor results, bool asJson)
    {
        var steps = run.Loss.IsClassification ? (int)(results.ElementCount / results.Shape[0] / results.Shape[^1]) : 1;
        var width = (int)(results.ElementCount / results.Shape[0] / steps);
        for (var i = 0; i < results.Shape[0] * steps; i++)
        {
            var (example, step) = (i / steps, i % steps);
            var place = steps == 1 ? $"{example}" : $"{example}.{step}";
            var row = results.Span<float>().Slice(i * width, width);
            var best = TensorPrimitives.IndexOfMax<float>(row);
            var name = run.Data.ClassNames is { } names && best < names.Count ? names[best] : null;
            if (asJson)
            {
                var line = new JsonObject { ["index"] = example };
                if (steps > 1) line["step"] = step;
                if (run.Loss.IsClassification) (line["class"], line["name"], line["probability"]) = (best, name, row[best]);
                line["output"] = new JsonArray([.. row.ToArray().Select(value => JsonValue.Create(value))]);
                host.Out.WriteLine(line.ToJsonString());
            }
            else if (run.Loss.IsClassification) host.Out.WriteLine($"{place}: {best}{(name is null ? "" : $" {name}")} {row[best]:0.0000}");
            else host.Out.WriteLine($"{place}: {string.Join(' ', row.ToArray())}");
        }
    }
}
