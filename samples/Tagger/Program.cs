using System.Diagnostics;
using Dunlin.Samples.Tagger;
using Dunlin.Training.Data;

// The Bible where it is installed, else one chapter of it that comes with the sample.
var isFast = args.Contains("--fast") || !KingJamesBible.IsInstalled();
var corpus = isFast ? Corpus.Chapter() : Corpus.Bible();
var options = (isFast ? TaggerOptions.Fast : new()) with { Crf = args.Contains("--crf") };
options = options with { Epochs = Option("--epochs", options.Epochs), Threads = Option("--threads", options.Threads) };
Console.WriteLine($"{corpus.Train.Count:N0} sentences with {corpus.Train.Sum(s => s.Words.Length):N0} words to learn from, {corpus.Test.Count:N0} with {corpus.Test.Sum(s => s.Words.Length):N0} to judge by; {corpus.Words:N0} word numbers.");

using var tagger = new TaggerProgram(corpus, options);
var clock = Stopwatch.StartNew();
tagger.Train((epoch, loss) => Console.WriteLine($"Epoch {epoch}: loss {loss:0.0000}, {Scores.Of("", tagger.Tag(corpus.Test)).Accuracy:0.0000} right, {clock.Elapsed.TotalSeconds:0} s"));

Scores[] scores = [Scores.Majority(corpus), Scores.WordByWord(corpus), Scores.Of(options.Crf ? "LSTM and CRF" : "LSTM and softmax", tagger.Tag(corpus.Test))];
Console.WriteLine($"\n| | {string.Join(" | ", scores.Select(s => s.Name))} |\n|---|{string.Concat(scores.Select(_ => "---:|"))}");
Console.WriteLine($"| accuracy | {string.Join(" | ", scores.Select(s => $"{s.Accuracy:0.0000}"))} |");
Console.WriteLine($"| macro F1 | {string.Join(" | ", scores.Select(s => $"{s.MacroF1:0.0000}"))} |");
for (var tag = 0; tag < Tags.Count; tag++) Console.WriteLine($"| F1 of {Tags.Name(tag)} | {string.Join(" | ", scores.Select(s => $"{s.F1[tag]:0.0000}"))} |");

Console.WriteLine();
foreach (var (sentence, tags) in tagger.Tag(corpus.Test.Take(3))) Console.WriteLine(string.Join(' ', sentence.Words.Zip(tags, Tags.Restore)));

int Option(string name, int usual) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1]) : usual;
