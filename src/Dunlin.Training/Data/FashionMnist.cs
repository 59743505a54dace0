using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>
/// Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 60,000 + 10,000 grey pictures of clothes in ten classes. Fields: <c>image</c>
/// Float32 [1, 28, 28], normalised to mean 0 and deviation 1, and <c>label</c> Int64 [].
/// </summary>
public static class FashionMnist
{
    /// <summary>Where Debian's package dataset-fashion-mnist puts the files.</summary>
    public const string DefaultDirectory = "/usr/share/datasets/fashion-mnist";

    /// <summary>The mean of a pixel, as a part of full brightness.</summary>
    public const float Mean = 0.2860f;

    /// <summary>A pixel's standard deviation, as a part of full brightness.</summary>
    public const float Deviation = 0.3530f;

    /// <summary>What the labels 0 to 9 stand for.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>Whether the four files are there, packed or not.</summary>
    /// <param name="directory">The directory; <see cref="DefaultDirectory"/> unless given.</param>
    public static bool IsInstalled(string? directory = null) =>
        new[] { "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1" }.All(name => Find(directory, name) is not null);

    /// <summary>Reads the data set.</summary>
    /// <param name="directory">The directory of the four files; <see cref="DefaultDirectory"/> unless given.</param>
    /// <exception cref="TensorFileException">A file is missing or is not what its name says.</exception>
    public static TrainTest Load(string? directory = null) => new(Load(directory, "train"), Load(directory, "t10k")) { ClassNames = ClassNames };

    private static InMemoryDataset Load(string? directory, string part)
    {
        var imagePath = Require(directory, $"{part}-images-idx3");
        var labelPath = Require(directory, $"{part}-labels-idx1");
        var images = Idx.Load(imagePath);
        if (images.Type != DType.UInt8 || !Shape.Of(Shape.Unknown, 28, 28).Accepts(images.Shape))
            throw new TensorFileException(imagePath, null, $"expected images UInt8[?, 28, 28], got {images}");
        var labels = Idx.Load(labelPath);
        if (labels.Type != DType.UInt8 || labels.Shape != Shape.Of(images.Shape[0]))
            throw new TensorFileException(labelPath, null, $"expected a label for each image, UInt8[{images.Shape[0]}], got {labels}");
        if (labels.Span<byte>().ContainsAnyExceptInRange<byte>(0, 9))
            throw new TensorFileException(labelPath, null, "expected labels from 0 to 9, got others");
        return new InMemoryDataset(
            Column.Pixels("image", images.Reshape([images.Shape[0], 1, 28, 28]), [Mean], [Deviation]),
            Column.Labels("label", labels));
    }

    private static string Require(string? directory, string name) => Find(directory, name)
        ?? throw new TensorFileException(Path.Combine(directory ?? DefaultDirectory, name + "-ubyte.gz"), null,
            "is missing. Install Fashion-MNIST by `apt-get install dataset-fashion-mnist`, or give the directory of its four files by --data");

    private static string? Find(string? directory, string name) =>
        new[] { $"{name}-ubyte.gz", $"{name}-ubyte" }.Select(file => Path.Combine(directory ?? DefaultDirectory, file)).FirstOrDefault(File.Exists);
}
