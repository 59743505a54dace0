using Dunlin.Samples.LanguageModel;

namespace Dunlin.Samples.Tests;

public class LanguageModelTests
{
    private static readonly Options Small = Options.Parse(["--units", "16", "--lanes", "4", "--window", "10", "--threads", "1", "--rate", "0.01"]);

    /// <summary>The whole text where it is installed, else the chapter that is built in: a model that knows how often each word occurs beats one that knows nothing.</summary>
    [Fact]
    public void A_few_steps_on_the_text_lower_the_perplexity_below_the_number_of_words()
    {
        var verses = KingJames.IsInstalled ? KingJames.Read().Take(500).ToList() : KingJames.FirstChapter;
        using var run = new LanguageModelRun(verses, Small with { Epochs = 1000, Steps = 40 });
        var output = new StringWriter();
        var epochs = run.Execute(output);
        Assert.InRange(epochs[^1].Validation, 2, run.Vocabulary.Words.Count / 2.0);
        Assert.Contains("step 40: validation perplexity", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_read_again_and_again_is_learnt_by_heart()
    {
        using var run = new LanguageModelRun([.. Enumerable.Repeat(KingJames.FirstChapter[0], 40)], Small with { Epochs = 15 });
        Assert.InRange(run.Execute(TextWriter.Null)[^1].Validation, 1, 3);
    }

    [Fact]
    public void Row_and_window_follow_each_other_through_the_text()
    {
        var text = new RunningText([.. Enumerable.Range(0, 25).Select(i => (long)i)], lanes: 2, window: 4);
        Assert.Equal(6, text.Count);
        var batch = new Dunlin.Training.Data.Batch(text.Fields, 2);
        text.Write([2, 3], batch);
        Assert.Equal([4, 5, 6, 7, 16, 17, 18, 19], batch["word"].ToArray<long>());
        Assert.Equal([5, 6, 7, 8, 17, 18, 19, 20], batch["next"].ToArray<long>());
    }

    [Fact]
    public void Words_that_occur_once_are_unknown()
    {
        var words = Vocabulary.Of(["The cat, the dog.", "The cat."]);
        Assert.Equal(["<unk>", "the", ".", "<eos>", "cat"], words.Words);
        Assert.Equal([1L, 4, 2, 3, 0, 3], words.Encode(["the Cat.", "dog"]));
    }

    [Fact]
    public void An_unknown_option_is_named() =>
        Assert.Contains("--unit", Assert.Throws<ArgumentException>(() => Options.Parse(["--unit", "3"])).Message, StringComparison.Ordinal);
}
