using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class GeneratedSpeechTests
{
    private const int Bands = LogMelSpectrum.Bands;

    private static readonly SpeechOptions Little = new() { Minutes = 0.5, TestMinutes = 0.1, Text = SpeechText.BuiltIn, Seed = 3 };

    /// <summary>Two utterances of three and four frames, whose features are their numbers.</summary>
    private static readonly SpeechCorpus Seven = new([.. Enumerable.Range(0, 7 * Bands).Select(i => (float)(i / Bands))], [9, 8, 7, 6, 5, 4, 3], [0, 3, 7]);

    [EspeakFact]
    public void The_same_options_give_the_same_bytes()
    {
        var (first, second, other) = (GeneratedSpeech.Sequences(Little, 10), GeneratedSpeech.Sequences(Little, 10), GeneratedSpeech.Sequences(Little with { Seed = 4 }, 10));
        Assert.Equal(Bytes(first.Train), Bytes(second.Train));
        Assert.Equal(Bytes(first.Test), Bytes(second.Test));
        Assert.NotEqual(Bytes(first.Train), Bytes(other.Train));
    }

    [EspeakFact]
    public void Training_features_are_normalised_and_labels_are_classes()
    {
        var data = GeneratedSpeech.Sequences(Little, 1);
        Assert.InRange(data.Train.Count, 3000, 4500);
        Assert.InRange(data.Test.Count, 600, 2000);
        Assert.Equal(48, data.ClassNames.Count);
        var batch = new Rows(data.Train);
        for (var band = 0; band < Bands; band++)
        {
            var values = batch.Features.Where((_, i) => i % Bands == band).ToArray();
            Assert.Equal(0, values.Average(), 3);
            Assert.Equal(1, values.Average(v => v * v), 2);
        }
        Assert.All(batch.Labels, label => Assert.InRange(label, 0, 47));
        Assert.InRange(batch.Labels.Count(l => l == PhonemeClasses.Silence) / (double)batch.Labels.Length, 0.02, 0.3);
        Assert.True(batch.Labels.Distinct().Count() > 35);
    }

    /// <summary>A hiss is loudest where a vowel is softest; a silence is soft everywhere. That holds only where labels lie on their sounds.</summary>
    [EspeakFact]
    public void Labels_lie_on_their_sounds()
    {
        var batch = new Rows(GeneratedSpeech.Sequences(Little with { LeastSignalToNoise = 40, MostSignalToNoise = 40 }, 1).Train);
        double Mean(string name, Range bands) => batch.Labels.Index().Where(l => GeneratedSpeech.ClassNames[(int)l.Item] == name)
            .Average(l => batch.Features.AsSpan(l.Index * Bands, Bands)[bands].ToArray().Average());
        Assert.True(Mean("s", 32..) > Mean("iy", 32..) + 1);
        Assert.True(Mean("iy", ..8) > Mean("s", ..8) + 1);
        Assert.True(Mean("sil", ..) < Mean("iy", ..) - 1);
    }

    [EspeakFact]
    public void Noise_is_as_loud_as_was_asked_for()
    {
        // In the pauses, there is nothing else: 20 dB more noise is 4.6 more in the natural logarithm.
        double Pauses(double decibels)
        {
            var corpus = SpeechCorpus.Speak(Little with { LeastSignalToNoise = decibels, MostSignalToNoise = decibels }, 0.1, test: false);
            return corpus.Labels.Index().Where(l => l.Item == PhonemeClasses.Silence && corpus.Labels.Skip(l.Index - 3).Take(7).All(n => n == PhonemeClasses.Silence))
                .Average(l => corpus.Features.AsSpan(l.Index * Bands + 20, 20).ToArray().Average());
        }
        Assert.Equal(4.6, Pauses(0) - Pauses(20), 0.2);
    }

    [Fact]
    public void No_sentence_is_in_both_parts()
    {
        HashSet<string> train = [.. Sentences.Of(SpeechText.BuiltIn, 1, test: false).Take(2000)];
        Assert.DoesNotContain(Sentences.Of(SpeechText.BuiltIn, 2, test: true).Take(2000), train.Contains);
        Assert.True(train.Count > 1990);
        Assert.All(train, s => Assert.Matches(@"^[a-z ]+[;:,]?[a-z ]+\.$", s));
    }

    [Fact]
    public void Verses_are_divided_as_well()
    {
        if (!KingJamesBible.IsInstalled()) return;
        HashSet<string> train = [.. Sentences.Of(SpeechText.BibleIfInstalled, 1, test: false)];
        var test = Sentences.Of(SpeechText.Bible, 2, test: true).ToList();
        Assert.DoesNotContain(test, train.Contains);
        Assert.InRange(test.Count / (double)(test.Count + train.Count), 0.115, 0.135);
        Assert.All(test, s => Assert.DoesNotContain('(', s));
    }

    [Fact]
    public void A_frame_stands_among_its_neighbours_and_the_ends_stand_for_what_is_beyond()
    {
        var batch = new Rows(new SpeechFrames(Seven, 3));
        Assert.Equal([9, 8, 7, 6, 5, 4, 3], batch.Labels);
        Assert.Equal(
            [[0, 0, 1], [0, 1, 2], [1, 2, 2], [3, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 6]],
            batch.Features.Where((_, i) => i % Bands == 0).Chunk(3));
        Assert.Equal(Shape.Of(1, 3, 40), new SpeechFrames(Seven, 3).Fields[0].Type.Shape);
    }

    [Fact]
    public void Stretches_do_not_go_from_one_utterance_into_the_next()
    {
        var batch = new Rows(new SpeechSequences(Seven, 2));
        Assert.Equal([9, 8, 6, 5, 4, 3], batch.Labels);
        Assert.Equal([0, 1, 3, 4, 5, 6], batch.Features.Where((_, i) => i % Bands == 39));
        Assert.Equal(Shape.Of(2, 40), new SpeechSequences(Seven, 2).Fields[0].Type.Shape);
    }

    [Fact]
    public void Bad_numbers_are_refused()
    {
        Assert.Contains("odd", Assert.Throws<InvalidValueException>(() => GeneratedSpeech.Frames(context: 10)).Message, StringComparison.Ordinal);
        Assert.Contains("steps", Assert.Throws<InvalidValueException>(() => GeneratedSpeech.Sequences(steps: 0)).Message, StringComparison.Ordinal);
        Assert.Contains("Minutes", Assert.Throws<InvalidValueException>(() => new SpeechOptions { Minutes = 0 }).Message, StringComparison.Ordinal);
        Assert.Contains("MostSignalToNoise", Assert.Throws<InvalidValueException>(() => GeneratedSpeech.Frames(Little with { MostSignalToNoise = -1 })).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidValueException>(() => new SpeechFrames(Seven, 3).Write([7], new Batch(new SpeechFrames(Seven, 3).Fields, 1)));
        Assert.Throws<ShapeException>(() => new SpeechSequences(Seven, 2).Write([0, 1], new Batch(new SpeechSequences(Seven, 2).Fields, 1)));
    }

    private static byte[] Bytes(IDataset data)
    {
        var batch = data.ToBatch();
        return [.. batch.Tensors.SelectMany(t => t.RawBytes.ToArray())];
    }

    /// <summary>All examples.</summary>
    private sealed class Rows(IDataset data)
    {
        private readonly Batch _batch = data.ToBatch();

        public float[] Features => field ??= _batch["frames"].ToArray<float>();

        public long[] Labels => field ??= _batch["label"].ToArray<long>();
    }
}
