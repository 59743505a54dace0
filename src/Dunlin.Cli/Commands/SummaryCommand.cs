using System.CommandLine;
using Dunlin.Cli.Catalogues;
using Dunlin.Cli.Configuration;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin summary</c>: a model's layers with shapes, parameters and work for one example.</summary>
internal static class SummaryCommand
{
    public static Command Create(CliHost host)
    {
        var subject = new Argument<string>("model")
        {
            Description = $"a JSON file, a recipe ({string.Join(", ", Recipe.Names)}) or a model ({string.Join(", ", ModelCatalogue.Published.Keys)})",
        };
        var command = new Command("summary", "Lists a model's layers: shapes, parameters, floating-point operations of one example.") { subject };
        command.SetAction(parsed =>
        {
            var name = parsed.GetValue(subject)!;
            var lines = Failures.Preparing(() =>
            {
                if (ModelCatalogue.Published.TryGetValue(name, out var known) && !File.Exists(name))
                    return ModelTable.Lines(known.Model, new Field("image", new(DType.Float32, known.Input)));
                var run = new RunConfiguration(ConfigurationSources.Join(host, name, null, []), host, name);
                return ModelTable.Lines(run.Model, run.Data.Input(host));
            });
            foreach (var line in lines) host.Out.WriteLine(line);
            return ExitCode.Done;
        });
        return command;
    }
}
