using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

/// <summary>A case of a golden file.</summary>
/// <param name="Key">"Operation/case".</param>
/// <param name="File">Where it stands.</param>
/// <param name="Inputs">What goes in.</param>
/// <param name="Outputs">What the other implementation made of it.</param>
/// <param name="Gradients">The gradient of Σ output · <see cref="GoldenFiles.Weights"/> with respect to an input, by the input's place; not for all.</param>
internal sealed record GoldenValues(string Key, string File, Tensor[] Inputs, Tensor[] Outputs, IReadOnlyDictionary<int, Tensor> Gradients)
{
    public string Operation => Key.Split('/')[0];
}

/// <summary>The values that eng/golden/make wrote.</summary>
internal static class GoldenFiles
{
    public static IReadOnlyList<GoldenValues> All { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Golden"), "*.safetensors").Order(StringComparer.Ordinal).SelectMany(Read)];

    /// <summary>0.5 + (7 i mod 11) / 11 at place i, as in golden.py.</summary>
    public static Tensor Weights(Shape shape)
    {
        var weights = Tensor.Uninitialized(DType.Float64, shape);
        for (var i = 0; i < weights.ElementCount; i++) weights.Span<double>()[i] = 0.5 + i * 7 % 11 / 11.0;
        return weights;
    }

    private static List<GoldenValues> Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return
        [
            .. file.Names.GroupBy(n => n[..n.LastIndexOf('/')]).OrderBy(g => g.Key, StringComparer.Ordinal).Select(group =>
            {
                Tensor[] Parts(string kind) => [.. Numbered(group, kind).OrderBy(p => p.Number).Select(p => file.Load(p.Name))];
                return new GoldenValues(group.Key, Path.GetFileName(path), Parts("in"), Parts("out"), Numbered(group, "grad").ToDictionary(p => p.Number, p => file.Load(p.Name)));
            }),
        ];
    }

    private static IEnumerable<(int Number, string Name)> Numbered(IGrouping<string, string> names, string kind) =>
        names.Where(n => n.StartsWith($"{names.Key}/{kind}", StringComparison.Ordinal)).Select(n => (int.Parse(n[(names.Key.Length + 1 + kind.Length)..]), n));
}
