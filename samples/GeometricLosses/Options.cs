namespace Dunlin.Samples.GeometricLosses;

/// <summary>What can be chosen on the command line: <c>--train 500 --epochs 20</c>.</summary>
public sealed record Options
{
    /// <summary>Pictures to learn from. Many would teach by themselves what the higher-order losses teach.</summary>
    public int Train { get; init; } = 1000;

    /// <summary>Pictures to judge by.</summary>
    public int Test { get; init; } = 2000;

    /// <summary>Hidden units.</summary>
    public int Units { get; init; } = 100;

    /// <summary>Passes over the pictures.</summary>
    public int Epochs { get; init; } = 30;

    /// <summary>Pictures in a step.</summary>
    public int BatchSize { get; init; } = 50;

    /// <summary>Adam's rate at the beginning; it follows a cosine to 0.</summary>
    public double Rate { get; init; } = 2e-3;

    /// <summary>Nets trained for each point; the mean is shown.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>Nets that are trained at the same time, one thread each.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where the picture goes.</summary>
    public string Picture { get; init; } = "geometric-losses.svg";

    /// <summary>Reads <c>--name value</c> pairs.</summary>
    /// <exception cref="ArgumentException">There is no such option, or a value is missing.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count) throw new ArgumentException($"{arguments[i]} needs a value.");
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--train" => options with { Train = int.Parse(value) },
                "--test" => options with { Test = int.Parse(value) },
                "--units" => options with { Units = int.Parse(value) },
                "--epochs" => options with { Epochs = int.Parse(value) },
                "--batch" => options with { BatchSize = int.Parse(value) },
                "--rate" => options with { Rate = double.Parse(value) },
                "--seeds" => options with { Seeds = int.Parse(value) },
                "--threads" => options with { Threads = int.Parse(value) },
                "--picture" => options with { Picture = value },
                var name => throw new ArgumentException($"There is no option {name}; there are --train, --test, --units, --epochs, --batch, --rate, --seeds, --threads and --picture."),
            };
        }
        return options;
    }
}
