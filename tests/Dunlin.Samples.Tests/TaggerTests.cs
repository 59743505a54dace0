using Dunlin.Samples.Tagger;

namespace Dunlin.Samples.Tests;

public class TaggerTests
{
    [Theory, InlineData(false), InlineData(true)]
    public void A_chapter_is_learnt_by_heart(bool crf)
    {
        var corpus = Corpus.Chapter();
        using var tagger = new TaggerProgram(corpus, TaggerOptions.Fast with { Crf = crf, Epochs = 20 });
        var losses = new List<double>();
        tagger.Train((_, loss) => losses.Add(loss));
        Assert.True(losses[^1] < losses[0] / 3, string.Join(", ", losses));
        var (majority, words, learnt) = (Scores.Majority(corpus), Scores.WordByWord(corpus), Scores.Of("", tagger.Tag(corpus.Test)));
        Assert.True(majority.Accuracy < words.Accuracy && words.Accuracy + 0.02 < learnt.Accuracy, $"{majority.Accuracy} {words.Accuracy} {learnt.Accuracy}");
    }

    /// <summary>A sentence's tags do not depend on what stands beside it in a batch, nor on how far it is padded.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Tags_of_a_sentence_do_not_depend_on_its_batch(bool crf)
    {
        var corpus = Corpus.Chapter();
        using var tagger = new TaggerProgram(corpus, TaggerOptions.Fast with { Crf = crf, Epochs = 3 });
        tagger.Train((_, _) => { });
        foreach (var (sentence, tags) in tagger.Tag(corpus.Test)) Assert.Equal(tags, tagger.Tag([sentence]).Single().Tags);
    }

    [Fact]
    public void A_text_is_taken_apart_and_put_together_again()
    {
        const string text = "And God said, (Let there be light:) and there was light; is it? O LORD! good.";
        var sentence = TaggedSentence.Parse(text);
        Assert.Equal("and god said let there be light and there was light is it o lord good", string.Join(' ', sentence.Words));
        Assert.Equal("And God said, Let there be light: and there was light; is it? O Lord! good.", string.Join(' ', sentence.Words.Zip(sentence.Tags, Tags.Restore)));
        Assert.InRange(sentence.Tags.Max(), 0, Tags.Count - 1);
    }

    [Fact]
    public void Scores_are_those_of_a_table_counted_by_hand()
    {
        // Of tag 0: 2 right, 3 found, 2 there; of tag 1: 1 right, 1 found, 2 there.
        var scores = Scores.Of("", [(new TaggedSentence(["a", "b", "c", "d"], [0, 0, 1, 1]), [0, 0, 0, 1])]);
        Assert.Equal((0.75, (4 / 5.0 + 2 / 3.0) / 2), (scores.Accuracy, scores.MacroF1));
    }
}
