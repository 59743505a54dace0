namespace Dunlin.Samples.Asynchronous;

/// <summary>What can be chosen on the command line, after the experiment's name.</summary>
public sealed record Options
{
    /// <summary>Multiplies the length of the runs.</summary>
    public double Effort { get; init; } = 1;

    /// <summary>What is drawn.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Where the table and the picture go.</summary>
    public string Directory { get; init; } = ".";

    /// <summary>Reads <c>--name value</c> pairs.</summary>
    /// <exception cref="ArgumentException">There is no such option, or a value is missing.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value.");
            options = arguments[i] switch
            {
                "--effort" => options with { Effort = double.Parse(value) },
                "--seed" => options with { Seed = ulong.Parse(value) },
                "--directory" => options with { Directory = value },
                _ => throw new ArgumentException($"There is no option {arguments[i]}; there are --effort, --seed and --directory."),
            };
        }
        return options;
    }
}
