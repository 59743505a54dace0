using Dunlin.Samples.Regressions;

foreach (var comparison in AllRegressions.Run()) Console.WriteLine(comparison);
