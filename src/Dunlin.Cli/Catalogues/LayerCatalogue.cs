using Dunlin.Cli.Configuration;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Cli.Catalogues;

/// <summary>The layers that a configuration can name.</summary>
internal static class LayerCatalogue
{
    /// <summary>All of them; the first option of each may be given without its key, as in <c>{"linear": 10}</c>.</summary>
    public static Catalogue<Layer> All { get; } = new("layer",
        ("conv1d", s => Convolution(s, 1, (o, k, stride, p, d, g, b) => new Conv1d(o, k, stride, p, d, g, b))),
        ("conv2d", s => Convolution(s, 2, (o, k, stride, p, d, g, b) => new Conv2d(o, k, stride, p, d, g, b))),
        ("conv3d", s => Convolution(s, 3, (o, k, stride, p, d, g, b) => new Conv3d(o, k, stride, p, d, g, b))),
        ("max-pool2d", s => new MaxPool2d(SizesOf(s, "window", 2, [2])!.Value, SizesOf(s, "stride", 2, null), PaddingOf(s, 2))),
        ("average-pool2d", s => new AveragePool2d(SizesOf(s, "window", 2, [2])!.Value, SizesOf(s, "stride", 2, null), PaddingOf(s, 2), s.Flag("includePadding", false))),
        ("global-average-pool", _ => new GlobalAveragePool()),
        ("linear", s => new Linear(s.Int("features"), s.Flag("bias", true))),
        ("class-scores", s => new ClassScores(s.Int("classes"), s.Flag("bias", true))),
        ("embedding", s => new Embedding(s.Int("rows"), s.Int("features"))),
        ("batch-norm", s => new BatchNorm(momentum: s.Number("momentum", 0.1, 0, 1), epsilon: s.Number("epsilon", 1e-5), synchronized: s.Flag("synchronized", false))),
        ("layer-norm", s => new LayerNorm(epsilon: s.Number("epsilon", 1e-5))),
        ("dropout", s => new Dropout(s.Number("rate", 0.5, 0, 1))),
        ("relu", _ => new Relu()),
        ("leaky-relu", s => new LeakyRelu(s.Number("slope", 0.01, 0, 1))),
        ("silu", _ => new Silu()),
        ("sigmoid", _ => new Sigmoid()),
        ("tanh", _ => new Tanh()),
        ("flatten", _ => new Flatten()),
        ("reshape", s => new Reshape(Shape.Create([.. s.Ints("shape")]))),
        ("sequential", Chain),
        ("residual", s => new Residual(Chain(s), Shortcut(s))),
        ("branches", s => new Branches([.. s.ChooseMany("branches", All!)])));

    /// <summary>The layers under the key <c>layers</c>, one after another.</summary>
    public static Sequential Chain(Section section) => new(section.ChooseMany("layers", All));

    private delegate Layer MakeConvolution(int channels, Sizes kernel, Sizes? stride, Padding padding, Sizes? dilation, int groups, bool bias);

    private static Layer Convolution(Section section, int dimensions, MakeConvolution make) => make(
        section.Int("filters"), SizesOf(section, "kernel", dimensions, [3])!.Value, SizesOf(section, "stride", dimensions, [1]), PaddingOf(section, dimensions),
        SizesOf(section, "dilation", dimensions, [1]), section.Int("groups", 1), section.Flag("bias", true));

    private static Sequential? Shortcut(Section section) => section.ChooseMany("shortcut", All) is { Count: > 0 } layers ? new(layers) : null;

    /// <summary>One number, or one for each dimension; null where the fallback is null and nothing is set.</summary>
    private static Sizes? SizesOf(Section section, string key, int dimensions, int[]? fallback)
    {
        var numbers = section.OptionalInts(key, fallback);
        return numbers switch
        {
            null => null,
            [var all] => all,
            [var height, var width] when dimensions == 2 => (height, width),
            [var depth, var height, var width] when dimensions == 3 => (depth, height, width),
            _ => throw section.Refuse(key, dimensions == 1 ? "one number" : $"one number or {dimensions}"),
        };
    }

    private static Padding PaddingOf(Section section, int dimensions) => section.Text("padding") switch
    {
        null or "valid" => Padding.Valid,
        "same" => Padding.Same,
        var text when int.TryParse(text, out var number) && number >= 0 => number,
        _ => throw section.Refuse("padding", $"\"same\", \"valid\" or a number for {(dimensions == 1 ? "both ends" : "all sides")}"),
    };
}
