namespace Dunlin.Samples.LanguageModel;

/// <summary>What can be chosen on the command line: <c>--epochs 5 --units 384</c>.</summary>
public sealed record Options
{
    /// <summary>Passes over the text.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Ends after so many steps, wherever that is; 0 for no limit.</summary>
    public int Steps { get; init; }

    /// <summary>Parts of the text that are read side by side: the batch.</summary>
    public int Lanes { get; init; } = 32;

    /// <summary>Words of a step: as far as gradients reach back.</summary>
    public int Window { get; init; } = 35;

    /// <summary>Features of a word, and units of each LSTM layer.</summary>
    public int Units { get; init; } = 256;

    /// <summary>LSTM layers.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>The rate of dropout between layers.</summary>
    public double Dropout { get; init; } = 0.2;

    /// <summary>Adam's rate at the beginning; it follows a cosine down to a hundredth.</summary>
    public double Rate { get; init; } = 4e-3;

    /// <summary>Threads of the kernels.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where the curve is drawn; nowhere unless set.</summary>
    public string? Curve { get; init; }

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
                "--epochs" => options with { Epochs = int.Parse(value) },
                "--steps" => options with { Steps = int.Parse(value) },
                "--lanes" => options with { Lanes = int.Parse(value) },
                "--window" => options with { Window = int.Parse(value) },
                "--units" => options with { Units = int.Parse(value) },
                "--layers" => options with { Layers = int.Parse(value) },
                "--dropout" => options with { Dropout = double.Parse(value) },
                "--rate" => options with { Rate = double.Parse(value) },
                "--threads" => options with { Threads = int.Parse(value) },
                "--curve" => options with { Curve = value },
                var name => throw new ArgumentException($"There is no option {name}; there are --epochs, --steps, --lanes, --window, --units, --layers, --dropout, --rate, --threads and --curve."),
            };
        }
        return options;
    }
}
