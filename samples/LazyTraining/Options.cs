namespace Dunlin.Samples.LazyTraining;

/// <summary>What can be chosen on the command line: <c>--size 450 --effort 1</c>, or <c>--full</c> alone.</summary>
public sealed record Options
{
    /// <summary>The dimension d.</summary>
    public int Size { get; init; } = 150;

    /// <summary>Multiplies the steps of every dot; 0 leaves the dots out.</summary>
    public double Effort { get; init; } = 1;

    /// <summary>Examples in a step.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>Chooses the spectrum, the first weights and the examples.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Dots that are trained at the same time, one thread each.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where the picture goes.</summary>
    public string Picture { get; init; } = "lazy-training.svg";

    /// <summary>Reads <c>--name value</c> pairs and <c>--full</c>, the size of the published figure.</summary>
    /// <exception cref="ArgumentException">There is no such option, or a value is missing.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--full")
            {
                options = options with { Size = 450 };
                continue;
            }
            var name = arguments[i];
            var value = ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{name} needs a value.");
            options = name switch
            {
                "--size" => options with { Size = int.Parse(value) },
                "--effort" => options with { Effort = double.Parse(value) },
                "--batch" => options with { BatchSize = int.Parse(value) },
                "--seed" => options with { Seed = ulong.Parse(value) },
                "--threads" => options with { Threads = int.Parse(value) },
                "--picture" => options with { Picture = value },
                _ => throw new ArgumentException($"There is no option {name}; there are --full, --size, --effort, --batch, --seed, --threads and --picture."),
            };
        }
        return options;
    }
}
