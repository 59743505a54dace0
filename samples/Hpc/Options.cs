namespace Dunlin.Samples.Hpc;

/// <summary>What can be chosen on the command line: <c>--ranks 8 --seed 2</c>.</summary>
public sealed record Options
{
    /// <summary>Ranks that share the work: as many as there are processes, 4 where there is one.</summary>
    public int Ranks { get; init; } = Team.Processes > 1 ? Team.Processes : 4;

    /// <summary>Chooses data, batches and first weights.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Multiplies steps, epochs and repetitions; below 1 for a quick look.</summary>
    public double Effort { get; init; } = 1;

    /// <summary>Where the pictures go.</summary>
    public string Pictures { get; init; } = ".";

    /// <summary>Reads <c>--name value</c> pairs.</summary>
    /// <exception cref="ArgumentException">There is no such option, or a value is missing.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            var value = ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{name} needs a value.");
            options = name switch
            {
                "--ranks" => options with { Ranks = int.Parse(value) },
                "--seed" => options with { Seed = ulong.Parse(value) },
                "--effort" => options with { Effort = double.Parse(value) },
                "--pictures" => options with { Pictures = value },
                _ => throw new ArgumentException($"There is no option {name}; there are --ranks, --seed, --effort and --pictures."),
            };
        }
        return options;
    }

    /// <summary>A number of steps at this effort, at least 1.</summary>
    public int Scaled(int steps) => Math.Max(1, (int)(steps * Effort));
}
