using Dunlin.Samples.ConcurrentSteps;
using Dunlin.Training.Data;

string[] unknown = [.. args.Except(["--fail"])];
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"ConcurrentSteps has one option, --fail, which lets a reader fail half-way; it does not know {unknown[0]}.");
    return 2;
}

var directory = Directory.CreateTempSubdirectory("concurrent-steps-").FullName;
try
{
    using var training = new ConcurrentTraining(GeneratedDigits.Create(10_000, 1000), new() { Checkpoints = directory, Fail = args.Contains("--fail") });
    var outcome = training.Run();
    Console.WriteLine($"{outcome.Steps} steps; each record seen {outcome.Seen.Min()} to {outcome.Seen.Max()} times; at most {outcome.LongestQueue} waited; accuracy {outcome.Accuracy:P1}");
    Console.WriteLine($"saved to {directory} after steps {string.Join(", ", outcome.Saves)}");
    return 0;
}
catch (Dunlin.DunlinException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
