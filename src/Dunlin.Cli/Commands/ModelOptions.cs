using System.CommandLine;

namespace Dunlin.Cli.Commands;

/// <summary>What the commands that use a trained model have in common.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string?> _data = new("--data") { Description = "directory of the data set's files, if they have moved" };
    private readonly Option<string?> _kernels = new("--kernels") { Description = "managed, onednn, or one of these with -direct after it (convolutions by direct sums only); the run's own unless given" };

    public ModelOptions(Command command)
    {
        command.Arguments.Add(Path);
        command.Options.Add(_data);
        command.Options.Add(_kernels);
        command.Options.Add(Json);
    }

    public Argument<string> Path { get; } = new("run") { Description = "a run's directory, a checkpoint's, or a .safetensors file in them, or the .index.json of several" };

    public Option<bool> Json { get; } = new("--json") { Description = "JSON on stdout, one object a line" };

    /// <summary>Loads the model that a command line names.</summary>
    public TrainedModel Load(CliHost host, ParseResult parsed)
    {
        var values = new List<(string, string, string)>();
        if (parsed.GetValue(_data) is { } data) values.Add(("data.directory", data, "option --data"));
        if (parsed.GetValue(_kernels) is { } kernels) values.Add(("training.kernels", kernels, "option --kernels"));
        return TrainedModel.Load(host, parsed.GetValue(Path)!, values);
    }
}
