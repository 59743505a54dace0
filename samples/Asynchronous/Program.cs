using Dunlin.Samples.Asynchronous;

var experiments = new Dictionary<string, Func<Options, Report>>
{
    ["backups"] = Backups.Run,
    ["speech"] = Speech.Run,
    ["words"] = Words.Run,
    ["wall-clock"] = WallClock.Run,
    ["null-step"] = NullStep.Run,
};

if (args is not [var name, .. var rest] || !experiments.TryGetValue(name, out var experiment))
{
    Console.Error.WriteLine($"One of these experiments is to be named: {string.Join(", ", experiments.Keys)}.");
    return 2;
}
var options = Options.Parse(rest);
experiment(options).Write(name, options.Directory, Console.Out);
return 0;
