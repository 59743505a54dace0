using System.CommandLine;
using Dunlin.Cli.Progress;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin evaluate</c>: measures a trained model on its run's test data.</summary>
internal static class EvaluateCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("evaluate", "Measures a trained model on the test data of its run.");
        var options = new ModelOptions(command);
        command.SetAction(parsed =>
        {
            using var model = options.Load(host, parsed);
            var test = model.Run.Data.Load(host).Test;
            if (test.Count == 0) throw new Configuration.ConfigurationException("The run's data set has no test examples to measure on.");
            var measured = model.Predictor.Evaluate(test, model.Run.Loss.Loss, model.Run.Metrics, model.Run.Options.ValidationBatchSize);
            if (parsed.GetValue(options.Json)) host.Out.WriteLine(JsonEvents.Object(measured).ToJsonString());
            else
            {
                foreach (var (name, value) in measured) host.Out.WriteLine($"test {name}: {Format.Metric(value)}");
                host.Out.WriteLine($"on {test.Count:N0} examples of {model.Run.Data.Name}");
            }
            return ExitCode.Done;
        });
        return command;
    }
}
