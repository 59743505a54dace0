using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Spoken utterances as features and labels of their frames, one utterance after the other.</summary>
/// <param name="Features">[frames, 40], row by row.</param>
/// <param name="Labels">The phoneme's class of each frame.</param>
/// <param name="Begins">Each utterance's first frame, and the number of frames at last.</param>
internal sealed record SpeechCorpus(float[] Features, byte[] Labels, int[] Begins)
{
    private const int Bands = LogMelSpectrum.Bands;

    /// <summary>Variants of the voice: men, women, and another way to synthesise.</summary>
    private static readonly string[] Variants = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2"];

    /// <summary>Speaks until so much is spoken. Features are not normalised yet.</summary>
    /// <exception cref="DunlinException">The synthesiser or the text is not installed, or there are not so many sentences.</exception>
    public static SpeechCorpus Speak(SpeechOptions options, double minutes, bool test)
    {
        Require.AtLeast(nameof(SpeechOptions), options.MostSignalToNoise, options.LeastSignalToNoise);
        var wanted = minutes * 60 * LogMelSpectrum.FramesPerSecond;
        List<float[]> features = [];
        List<byte> labels = [];
        List<int> begins = [0];
        var key = new PhiloxKey(options.Seed, PhiloxKey.StreamOf(test ? "speech/test" : "speech/train"));
        LogMelSpectrum? spectrum = null;
        try
        {
            foreach (var (i, sentence) in Sentences.Of(options.Text, options.Seed, test).Index())
            {
                if (labels.Count >= wanted) break;
                var speech = EspeakNg.Speak(sentence, Voice(key.At(2L * i)));
                spectrum ??= new(speech.SampleRate);
                // A sound that is none of English comes of a foreign name; its sentence is passed over.
                if (LabelsOf(speech, spectrum) is not { } classes) continue;
                features.Add(spectrum.Of(WithNoise(speech, options, key.At(2L * i + 1))));
                labels.AddRange(classes);
                begins.Add(labels.Count);
            }
        }
        finally { spectrum?.Dispose(); }
        if (labels.Count < wanted)
            throw new DunlinException($"There are sentences for {labels.Count / 60.0 / LogMelSpectrum.FramesPerSecond:0} minutes of speech {(test ? "to hold back" : "to learn from")}, but {minutes:0} are wanted: set fewer.");
        var all = new float[labels.Count * Bands];
        for (var i = 0; i < features.Count; i++) features[i].CopyTo(all, begins[i] * Bands);
        return new(all, [.. labels], [.. begins]);
    }

    /// <summary>Mean and standard deviation of each feature.</summary>
    public (float[] Mean, float[] Deviation) Moments()
    {
        var (sums, squares) = (new double[Bands], new double[Bands]);
        for (var i = 0; i < Features.Length; i++)
        {
            sums[i % Bands] += Features[i];
            squares[i % Bands] += (double)Features[i] * Features[i];
        }
        var mean = sums.Select(s => s / Labels.Length).ToArray();
        return ([.. mean.Select(m => (float)m)], [.. squares.Select((s, b) => (float)Math.Sqrt(Math.Max(s / Labels.Length - mean[b] * mean[b], 1e-12)))]);
    }

    /// <summary>Takes the mean from each feature and divides by its deviation, in place.</summary>
    public void Normalize(float[] mean, float[] deviation)
    {
        for (var i = 0; i < Features.Length; i++) Features[i] = (Features[i] - mean[i % Bands]) / deviation[i % Bands];
    }

    /// <summary>The utterance that a frame belongs to.</summary>
    public int UtteranceOf(int frame)
    {
        var found = Array.BinarySearch(Begins, frame);
        return found >= 0 ? found : ~found - 1;
    }

    private static SpeechVoice Voice(PhiloxKey key) => new($"en-us+{Variants[Philox.Below((ulong)Variants.Length, key, 0)]}",
        WordsPerMinute: 130 + (int)Philox.Below(81, key, 1), Pitch: 30 + (int)Philox.Below(41, key, 2));

    /// <summary>The phoneme at each window's centre; null where one has no class.</summary>
    private static byte[]? LabelsOf(Speech speech, LogMelSpectrum spectrum)
    {
        var labels = new byte[spectrum.Frames(speech.Samples.Count)];
        var (next, label) = (0, (byte)PhonemeClasses.Silence);
        for (var frame = 0; frame < labels.Length; frame++)
        {
            for (; next < speech.Phonemes.Count && speech.Phonemes[next].Begin <= spectrum.Begin(frame) + spectrum.WindowLength / 2; next++)
            {
                if (PhonemeClasses.Of(speech.Phonemes[next].Name) is not { } number) return null;
                label = (byte)number;
            }
            labels[frame] = label;
        }
        return labels;
    }

    /// <summary>The sound from −1 to 1, louder or softer by up to 6 dB, and white noise.</summary>
    private static float[] WithNoise(Speech speech, SpeechOptions options, PhiloxKey key)
    {
        var gain = MathF.Pow(10, (12 * Philox.Uniform(key, 0) - 6) / 20) / 32768;
        var power = speech.Samples.Sum(s => (double)s * s) / Math.Max(1, speech.Samples.Count);
        var decibels = options.LeastSignalToNoise + (options.MostSignalToNoise - options.LeastSignalToNoise) * Philox.Uniform(key, 1);
        var samples = new float[speech.Samples.Count];
        Philox.FillNormal(samples, key, offset: 1024, deviation: (float)(gain * Math.Sqrt(power * Math.Pow(10, -decibels / 10))));
        for (var i = 0; i < samples.Length; i++) samples[i] += gain * speech.Samples[i];
        return samples;
    }
}
