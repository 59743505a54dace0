using Dunlin.Tensors;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.LazyTraining;

/// <summary>One place of the figure: a regime at a number of neurons.</summary>
/// <param name="Regime">What is trained.</param>
/// <param name="Neurons">N.</param>
/// <param name="Exact">The least risk with the first weights drawn.</param>
/// <param name="Limit">The limit for the spectrum drawn.</param>
/// <param name="Dot">What descent reached; null where it was not run.</param>
public sealed record Place(Regime Regime, int Neurons, double Exact, double Limit, Dot? Dot);

/// <summary>Computes the curves and dots of one data model.</summary>
public sealed class LazyTrainingRun(DataModel model, Options options)
{
    /// <summary>N / d of the dots.</summary>
    public static IReadOnlyList<double> DotRatios { get; } = [0.1, 0.2, 1.0 / 3, 0.5, 2.0 / 3, 8.0 / 9];

    /// <summary>N / d of the table.</summary>
    public static IReadOnlyList<double> Ratios { get; } = [.. DotRatios, 1, 2];

    /// <summary>N / d of the curves; wide steps where nothing bends.</summary>
    private static readonly double[] Curve = [0.02, 0.04, 0.07, 0.15, 0.25, 0.4, 0.6, 0.75, 0.95, 1.1, 1.2];

    private const double Widest = 1.2;

    /// <summary>The first weights [N, d] from N(0, I/d); more neurons have the same first ones.</summary>
    public static Tensor Weights(int neurons, int size, ulong seed)
    {
        var weights = Tensor.Zeros(DType.Float64, [neurons, size]);
        Philox.FillNormal(weights.Span<double>(), new PhiloxKey(seed, PhiloxKey.StreamOf("weights")), deviation: 1 / Math.Sqrt(size));
        return weights;
    }

    /// <summary>All places, by regime and neurons.</summary>
    /// <param name="report">Is given each dot as it is done.</param>
    public IReadOnlyList<Place> Execute(Action<Place>? report = null)
    {
        // In a small dimension, two ratios may come to the same number of neurons.
        var wanted = from regime in Enum.GetValues<Regime>()
                     from ratios in Ratios.Concat(Curve).GroupBy(ratio => (int)Math.Round(ratio * model.Size)).OrderBy(g => g.Key)
                     where ratios.Key > 0
                     select (Regime: regime, Neurons: ratios.Key, IsDot: options.Effort > 0 && ratios.Any(DotRatios.Contains));
        return
        [
            .. wanted.Reverse().AsParallel().AsOrdered().WithDegreeOfParallelism(options.Threads).WithMergeOptions(ParallelMergeOptions.FullyBuffered).Select(p =>
            {
                var weights = Weights(p.Neurons, model.Size, options.Seed);
                var dot = p.IsDot ? StochasticDescent.Run(model, p.Regime, weights, new(options.BatchSize, options.Effort, options.Seed)) : null;
                var place = new Place(p.Regime, p.Neurons, ExactRisk.Of(model, p.Regime, weights), Limits.Risk(model, p.Regime, p.Neurons), dot);
                if (dot is not null) report?.Invoke(place);
                return place;
            }).AsEnumerable().Reverse(),
        ];
    }

    /// <summary>The places of <see cref="Ratios"/> as a table in Markdown, beside the published limits where there are some.</summary>
    public string Table(IReadOnlyList<Place> places)
    {
        var published = model is QuadraticFunction;
        var rows = from place in places
                   from ratio in Ratios.Where(r => (int)Math.Round(r * model.Size) == place.Neurons)
                   select $"| {Name(place.Regime)} | {ratio:0.###} | {place.Neurons} | {Shown(place.Exact)} | {Shown(place.Limit)} | "
                       + (published ? $"{Limits.Published(place.Regime, ratio):0.000} | " : "") + (place.Dot is { } dot ? $"{dot.Risk:0.0000} | {dot.Steps:N0} |" : "| |");
        return $"| | N / d | N | exact | limit | {(published ? "published | " : "")}SGD | steps |\n|---|---:|---:|---:|---:|---:|---:|{(published ? "---:|" : "")}\n{string.Join('\n', rows)}\n";
    }

    /// <summary>Without the sign of a zero that rounding left just below it.</summary>
    private static string Shown(double risk) => risk is > -1e-9 and < 0 ? "0.0000" : $"{risk:0.0000}";

    /// <summary>The exact risks as lines and descent as dots.</summary>
    public Chart Chart(string title, IReadOnlyList<Place> places) => new(title, "neurons per dimension, N / d",
    [
        .. from regime in Enum.GetValues<Regime>()
           from dots in new[] { false, true }
           let shown = places.Where(p => p.Regime == regime && p.Neurons <= Widest * model.Size + 0.5 && (!dots || p.Dot is not null))
           select new Series(Name(regime) + (dots ? ", SGD" : ", exact"), [.. shown.Select(p => ((double)p.Neurons / model.Size, dots ? p.Dot!.Risk : p.Exact))])
           {
               Style = dots ? SeriesStyle.Dots : SeriesStyle.Line,
               Colour = (int)regime,
           },
    ])
    { XRange = (0, Widest) };

    /// <summary>The regime as the literature abbreviates it.</summary>
    public static string Name(Regime regime) => regime switch { Regime.RandomFeatures => "RF", Regime.NeuralTangent => "NT", _ => "NN" };
}
