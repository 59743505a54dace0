using Dunlin.Samples.Hpc;

Lecture.Give(Options.Parse(args), Console.Out);
