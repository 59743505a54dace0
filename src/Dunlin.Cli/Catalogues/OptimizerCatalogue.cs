using System.Reflection;
using System.Text.RegularExpressions;
using Dunlin.Cli.Configuration;
using Dunlin.Training;

namespace Dunlin.Cli.Catalogues;

/// <summary>
/// The optimisers of <see cref="Optimizers"/> by name, as Proximal-Sgd for ProximalSgd, with the methods' parameters as options: a new one is here by
/// itself. Each takes its learning rate as a schedule.
/// </summary>
internal static partial class OptimizerCatalogue
{
    /// <summary>Parameters that are parts of a whole; the others are at least 0.</summary>
    private static readonly HashSet<string> Parts = ["beta1", "beta2", "momentum", "decay"];

    public static Catalogue<Func<Func<double, Schedule>, Optimizer>> All { get; } = new("optimizer",
        [.. typeof(Optimizers).GetMethods(BindingFlags.Public | BindingFlags.Static).Select(m => (Word().Replace(m.Name, "-$0").ToLowerInvariant(), Reader(m)))]);

    private static Func<Section, Func<Func<double, Schedule>, Optimizer>> Reader(MethodInfo method) => s =>
    {
        var parameters = method.GetParameters();
        var rate = s.Number("learningRate", Make(method, [.. parameters.Select(p => p.DefaultValue)]).LearningRate!.At(0));
        object[] options = [.. parameters.Skip(1).Select(p => p.DefaultValue is bool flag
            ? (object)s.Flag(p.Name!, flag)
            : s.Number(p.Name!, (double)p.DefaultValue!, 0, Parts.Contains(p.Name!) ? 1 : double.MaxValue))];
        var (clip, average) = (s.OptionalNumber("clipNorm", double.Epsilon), s.OptionalNumber("average"));
        Optimizer With(Schedule schedule)
        {
            var optimizer = Make(method, [schedule, .. options]);
            if (clip is { } limit) optimizer = optimizer.After(new ClipByGlobalNorm(limit));
            return average is { } decay ? optimizer.Then(new AverageWeights(decay)) : optimizer;
        }
        // Options that do not fit are errors now, not when training starts.
        _ = With(rate);
        return schedule => With(schedule(rate));
    };

    private static Optimizer Make(MethodInfo method, object?[] arguments) =>
        (Optimizer)method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;

    /// <summary>Where a new word begins: AdamW is one, ProximalSgd two.</summary>
    [GeneratedRegex("(?<=[a-z])[A-Z](?=[a-z])")]
    private static partial Regex Word();
}
