using Dunlin.Samples.Hpc;

using var processes = Team.Join();
Lecture.Give(Options.Parse(args), Team.Speaks ? Console.Out : TextWriter.Null);
