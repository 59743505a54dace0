using Dunlin.Samples.LanguageModel;

// Without the text installed, a chapter that is built in shows that everything works.
var options = Options.Parse(args);
var verses = KingJames.IsInstalled ? KingJames.Read() : KingJames.FirstChapter;
Console.WriteLine($"{verses.Count} verses{(KingJames.IsInstalled ? "" : " (for the whole text: apt-get install bible-kjv)")}");

using var run = new LanguageModelRun(verses, options);
run.Execute(Console.Out);
