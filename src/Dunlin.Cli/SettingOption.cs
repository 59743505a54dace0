using System.CommandLine;
using System.CommandLine.Parsing;

namespace Dunlin.Cli;

/// <summary>An option that says one value of the configuration.</summary>
/// <param name="Name">Such as <c>--epochs</c>.</param>
/// <param name="Path">Such as <c>training.epochs</c>.</param>
/// <param name="Help">One line.</param>
/// <param name="IsFlag">Whether it is true or false, and true without a value.</param>
internal sealed record SettingOption(string Name, string Path, string Help, bool IsFlag = false)
{
    private const string Set = "--set";

    /// <summary>All options of <c>dunlin train</c> that say a value.</summary>
    public static IReadOnlyList<SettingOption> All { get; } =
    [
        new("--workers", "strategy.workers", "workers that share each step's batch"),
        new("--strategy", "strategy.name", "how the model is spread over workers"),
        new("--compression", "strategy.compression", "what travels of gradients: none, bfloat16, float16, top-k"),
        new("--compression-ratio", "strategy.compressionRatio", "the part of the elements that top-k sends, 0.01 unless given"),
        new("--servers", "strategy.servers", "how many parameter servers hold the weights"),
        new("--protocol", "strategy.protocol", "of parameter servers: asynchronous, try-lock, elastic-averaging, soft-synchronous, stale-synchronous, synchronous, sandblaster (L-BFGS over all data)"),
        new("--bound", "strategy.bound", "how many steps a stale-synchronous worker may be ahead of another"),
        new("--backups", "strategy.backups", "how many synchronous workers a step need not wait for"),
        new("--splits", "strategy.splits", "in how many updates the soft-synchronous gradients of a step of all workers go"),
        new("--staleness", "strategy.staleness", "what late gradients count: none (as others), inverse (1 by their staleness), power (strategy.stalenessDecay to it)"),
        new("--maximum-steps", "strategy.maximumSteps", "after how many steps a try-lock worker waits for a busy server"),
        new("--push-every", "strategy.pushEvery", "every how many steps an asynchronous worker gives its gradients"),
        new("--fetch-every", "strategy.fetchEvery", "every how many steps an asynchronous worker takes weights"),
        new("--batches-per-piece", "strategy.batchesPerPiece", "after how many batches a sandblaster worker gives its gradient"),
        new("--epochs", "training.epochs", "passes over the training data"),
        new("--batch-size", "training.batchSize", "examples of one step, over all workers"),
        new("--accumulate", "training.accumulate", "micro-batches into which each worker cuts its share of a step's batch"),
        new("--sync-batch-norm", "training.syncBatchNorm", "batch normalisation over the examples of all workers", IsFlag: true),
        new("--max-steps", "training.maxSteps", "end after so many steps"),
        new("--seed", "training.seed", "seed of everything random"),
        new("--optimizer", "optimizer.name", "sgd, momentum, nesterov, adam, adamw"),
        new("--learning-rate", "optimizer.learningRate", "the highest learning rate"),
        new("--weight-decay", "optimizer.weightDecay", "pull of the weights towards zero"),
        new("--schedule", "schedule.name", "how the learning rate goes on"),
        new("--warmup-epochs", "schedule.warmupEpochs", "epochs over which the learning rate rises, from that of the reference batch if there is one"),
        new("--reference-batch", "schedule.referenceBatch", "batch size for which the learning rate is meant: it is multiplied by --batch-size / this"),
        new("--kernels", "training.kernels", "managed, onednn, or one of these with -direct after it (convolutions by direct sums only); the fastest one present unless given"),
        new("--precision", "training.precision", "float32, or bfloat16: products in 16 bits, weights in 32"),
        new("--threads", "training.threads", "threads of each worker's kernels"),
        new("--patience", "training.patience", "end after so many epochs without getting better"),
        new("--data", "data.directory", "directory of the data set's files"),
        new("--run", "run.directory", "directory for checkpoints, metrics and curves; runs/<name>-<n> unless given"),
        new("--resume", "run.resume", "go on from the newest good checkpoint of --run", IsFlag: true),
        new("--grace", "run.grace", "seconds that a stopped run may take to save its checkpoint"),
        new("--checkpoint-every", "checkpoints.every", "steps between checkpoints, besides one after each epoch"),
        new("--profile", "profile.enabled", "write a trace and a table of where some steps' time and memory go", IsFlag: true),
        new("--profile-steps", "profile.steps", "how many steps to profile, 20 unless given"),
        new("--keep-checkpoints", "checkpoints.keep", "how many of the newest checkpoints to keep, besides the best"),
    ];

    /// <summary>Adds the options to a command.</summary>
    /// <returns>Gives the values that a command line says, with their sources.</returns>
    public static Func<ParseResult, IEnumerable<(string Path, string Value, string Source)>> AddTo(Command command)
    {
        foreach (var one in All)
            command.Options.Add(new Option<string?>(one.Name)
            {
                Description = one.Help,
                Arity = one.IsFlag ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
                HelpName = one.IsFlag ? "true|false" : one.Path,
            });
        var set = new Option<string[]>(Set) { Description = "any value of the configuration", HelpName = "section.key=value", AllowMultipleArgumentsPerToken = false };
        set.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (token.Value.IndexOf('=', StringComparison.Ordinal) < 1)
                    result.AddError($"{Set} takes section.key=value, got '{token.Value}'.");
        });
        command.Options.Add(set);
        return ValuesOf;
    }

    /// <summary>The values that a command line says, of a command that <see cref="AddTo"/> was called for.</summary>
    public static IEnumerable<(string Path, string Value, string Source)> ValuesOf(ParseResult parsed) =>
    [
        .. from one in All
           let result = parsed.GetResult(one.Name) as OptionResult
           where result is { Implicit: false }
           select (one.Path, ValueOf(result), $"option {one.Name}"),
        .. (parsed.GetValue<string[]>(Set) ?? []).Select(text => (text[..text.IndexOf('=', StringComparison.Ordinal)], text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..], $"option {Set}")),
    ];

    /// <summary>A flag without a value is true.</summary>
    private static string ValueOf(OptionResult result) => result.Tokens.Count > 0 ? result.Tokens[0].Value : "true";
}
