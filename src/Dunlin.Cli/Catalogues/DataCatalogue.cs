using Dunlin.Cli.Configuration;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Cli.Catalogues;

/// <summary>The data sets that a configuration can name.</summary>
internal static class DataCatalogue
{
    private const string Image = "image";

    private static readonly Field Picture28 = new(Image, new TensorType(DType.Float32, [1, 28, 28]));

    public static Catalogue<DataChoice> All { get; } = new("data set",
        ("fashion-mnist", FashionMnistOf),
        ("digits", DigitsOf),
        ("speech-frames", SpeechFramesOf),
        ("speech-sequences", SpeechSequencesOf),
        ("files", FilesOf));

    private static Catalogue<Augmentation> Augmentations { get; } = new("augmentation",
        ("shift", s => Augmentation.RandomShift(Image, s.Int("pixels", 2))),
        ("flip", _ => Augmentation.HorizontalFlip(Image)));

    private static DataChoice FashionMnistOf(Section s)
    {
        var (directory, replacement, limit) = (s.Text("directory"), s.Text("replacement"), Limit(s));
        return new()
        {
            Name = "fashion-mnist",
            Input = _ => Picture28,
            Load = host => limit(FashionMnist.Load(directory is null ? null : host.Resolve(directory))),
            Augmentations = s.ChooseMany("augment", Augmentations),
            ClassNames = FashionMnist.ClassNames,
            Pixels = (FashionMnist.Mean, FashionMnist.Deviation),
            // Who names a directory wants what is there, not something else.
            Replacement = directory is null && !FashionMnist.IsInstalled() ? replacement : null,
        };
    }

    private static DataChoice DigitsOf(Section s)
    {
        var (train, test, seed) = (s.Int("train", 10_000), s.Int("test", 2_000), (ulong)s.Long("seed", 0, 0));
        return new()
        {
            Name = "digits",
            Input = _ => Picture28,
            Load = _ => GeneratedDigits.Create(train, test, seed),
            Augmentations = s.ChooseMany("augment", Augmentations),
            Pixels = (GeneratedDigits.Mean, GeneratedDigits.Deviation),
        };
    }

    private static DataChoice SpeechFramesOf(Section s)
    {
        var (options, context, limit) = (SpeechOf(s), s.Int("context", 11), Limit(s));
        if (context % 2 == 0) throw s.Refuse("context", "an odd number: a frame and as many neighbours on both sides");
        return new()
        {
            Name = "speech-frames",
            Input = _ => new("frames", new TensorType(DType.Float32, [1, context, LogMelSpectrum.Bands])),
            Load = _ => limit(GeneratedSpeech.Frames(options, context)),
            Augmentations = [],
            ClassNames = GeneratedSpeech.ClassNames,
        };
    }

    private static DataChoice SpeechSequencesOf(Section s)
    {
        var (options, steps, limit) = (SpeechOf(s), s.Int("steps", 20), Limit(s));
        return new()
        {
            Name = "speech-sequences",
            Input = _ => new("frames", new TensorType(DType.Float32, [steps, LogMelSpectrum.Bands])),
            Load = _ => limit(GeneratedSpeech.Sequences(options, steps)),
            Augmentations = [],
            ClassNames = GeneratedSpeech.ClassNames,
        };
    }

    private static SpeechOptions SpeechOf(Section s)
    {
        var usual = new SpeechOptions();
        return usual with
        {
            Minutes = s.Number("minutes", usual.Minutes, 0.01),
            TestMinutes = s.Number("testMinutes", usual.TestMinutes, 0.01),
            Seed = (ulong)s.Long("seed", 0, 0),
            LeastSignalToNoise = s.Number("leastSignalToNoise", usual.LeastSignalToNoise, -100, 100),
            MostSignalToNoise = s.Number("mostSignalToNoise", usual.MostSignalToNoise, -100, 100),
            Text = s.Text("text", "bible-if-installed") switch
            {
                "bible-if-installed" => SpeechText.BibleIfInstalled,
                "bible" => SpeechText.Bible,
                "built-in" => SpeechText.BuiltIn,
                _ => throw s.Refuse("text", "bible-if-installed, bible or built-in"),
            },
        };
    }

    /// <summary>Arrays in files of the user's own, NPY or IDX: pictures of bytes [n, height, width] or [n, channels, height, width], or numbers [n, …].</summary>
    private static DataChoice FilesOf(Section s)
    {
        var directory = s.Text("directory") ?? ".";
        string Required(string key) => s.Text(key) ?? throw s.Refuse(key, "the path of an NPY or IDX file");
        var (trainInputs, trainTargets) = (Required("trainInputs"), Required("trainTargets"));
        var (testInputs, testTargets) = (s.Text("testInputs"), s.Text("testTargets"));
        var (testFraction, seed) = (s.Number("testFraction", 0.1, 0, 1), (ulong)s.Long("seed", 0, 0));
        var (mean, deviation) = ((float)s.Number("mean", 0, double.MinValue), (float)s.Number("deviation", 1, 1e-9));
        var limit = Limit(s);
        if (testInputs is null != testTargets is null) throw s.Refuse(testInputs is null ? "testInputs" : "testTargets", "set as well as its counterpart");
        IDataset Read(CliHost host, string inputs, string targets) => new InMemoryDataset(
            Input(TensorFile.Load(Path.Combine(host.Resolve(directory), inputs)), mean, deviation),
            Target(TensorFile.Load(Path.Combine(host.Resolve(directory), targets))));
        return new()
        {
            Name = "files",
            Input = host => Input(TensorFile.Load(Path.Combine(host.Resolve(directory), trainInputs)), mean, deviation).Field,
            Load = host => limit(testInputs is null
                ? Read(host, trainInputs, trainTargets).Split(testFraction, seed)
                : new TrainTest(Read(host, trainInputs, trainTargets), Read(host, testInputs, testTargets!))),
            Augmentations = s.ChooseMany("augment", Augmentations),
            Pixels = (mean, deviation),
        };
    }

    private static Column Input(Tensor values, float mean, float deviation) => (values.Type, values.Shape.Rank) switch
    {
        (DType.UInt8, 3) => Column.Pixels(Image, values.Reshape([values.Shape[0], 1, values.Shape[1], values.Shape[2]]), [mean], [deviation]),
        (DType.UInt8, 4) => Column.Pixels(Image, values, [mean], [deviation]),
        (_, 4) => Column.Of(Image, values),
        _ => Column.Of("x", values),
    };

    private static Column Target(Tensor values) => values.Type == DType.UInt8 && values.Shape.Rank == 1 ? Column.Labels("label", values) : Column.Of("y", values);

    /// <summary>The options by which a part of a data set is taken.</summary>
    private static Func<TrainTest, TrainTest> Limit(Section s)
    {
        var (train, test) = (s.OptionalLong("train", most: int.MaxValue), s.OptionalLong("test", most: int.MaxValue));
        return data => data with { Train = train is { } some ? data.Train.Take((int)some) : data.Train, Test = test is { } few ? data.Test.Take((int)few) : data.Test };
    }
}

/// <summary>Arrays in files, whichever of the two formats they have.</summary>
internal static class TensorFile
{
    /// <summary>Reads an NPY file by its magic, any other as IDX.</summary>
    /// <exception cref="TensorFileException">It can't be read, or is neither.</exception>
    public static Tensor Load(string path)
    {
        Span<byte> start = stackalloc byte[1];
        try
        {
            using var file = File.OpenRead(path);
            _ = file.Read(start);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TensorFileException(path, null, $"can't be read: {e.Message}", e);
        }
        return start[0] == 0x93 ? Npy.Load(path) : Training.Data.Idx.Load(path);
    }
}
