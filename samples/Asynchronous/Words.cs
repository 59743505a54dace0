using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Strategies;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Layers;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.Asynchronous;

/// <summary>
/// A language model whose vocabulary lies on the servers (Abadi et al., 2016, section 6.4): an LSTM of 512 features over 40,000 words. Full softmax: the servers compute the scores of their words. Sampled softmax: workers fetch
/// the weights of the right words and of 512 drawn ones. Words a second against servers and workers.
/// </summary>
public static class Words
{
    /// <summary>The model that really computes is a quarter as wide, with a tenth of the words and a quarter of a step's; machines are slower by as much, so that times are those of the whole one.</summary>
    private const int Vocabulary = 4000, Width = 128, Batch = 4, Length = 4, Sampled = 128;

    private const int RealVocabulary = 40_000, RealWidth = 512, RealStep = 64;

    /// <summary>Floating-point operations a second, of workers and of servers: a few cores each.</summary>
    private const double Flops = 1e11;

    /// <summary>Bytes of everything that travels: features, rows and the LSTM's weights all have 16 times as many.</summary>
    private const double BytesScale = (double)RealStep * RealWidth / (Batch * Length * Width);

    private static readonly int[] Servers = [1, 2, 4, 8, 16, 32], Workers = [4, 32, 256];

    /// <summary>Runs all.</summary>
    public static Report Run(Options options)
    {
        var steps = Math.Max(2, (int)(4 * options.Effort));
        var workers = options.Effort < 0.1 ? Workers[..1] : Workers;
        var rates = new Dictionary<(bool IsSampled, int Workers, int Servers), double>();
        foreach (var isSampled in new[] { false, true })
        {
            foreach (var count in workers)
            {
                foreach (var servers in Servers)
                {
                    rates[(isSampled, count, servers)] = (double)count * steps * RealStep / Train(isSampled, count, servers, steps, options.Seed);
                }
            }
        }
        string Name(bool isSampled, int count) => $"{(isSampled ? "sampled" : "full")}, {count} workers";
        var text = $"""
            Asynchronous workers on simulated machines with 10 Gbit/s and {Flops / 1e9:0} GFLOP/s each; a step is {RealStep} words, the LSTM has {RealWidth} features, the vocabulary {RealVocabulary:N0} words, of which the sampled softmax draws {Sampled * RealWidth / Width}. {steps} steps of each worker.
            What computes is a model of {Width} features and {Vocabulary:N0} words, and machines are slower by as much. Published (Abadi et al., 2016, figure 9, read from the plot, another system on other machines): full softmax about 10³ words a second on one server, and 4.5 · 10⁴ with 32 servers and
            256 workers; sampled about 9 · 10⁴ there; a second server helps more than going from 4 to 32 workers, or from 32 to 256.

            {Report.Table(["words a second by servers", .. Servers.Select(s => $"{s}")], from isSampled in new[] { false, true } from count in workers select (string[])[Name(isSampled, count), .. Servers.Select(s => $"{rates[(isSampled, count, s)]:0}")])}
            """;
        return new("A vocabulary on servers: full and sampled softmax", text,
        [
            .. new[] { false, true }.Select(isSampled => new Chart($"{(isSampled ? "sampled" : "full")} softmax, words a second", "servers",
            [
                .. workers.Select(count => new Series(Name(isSampled, count), [.. Servers.Select(s => ((double)s, rates[(isSampled, count, s)]))])),
                new("published, 256 workers", [(32, isSampled ? 9e4 : 4.5e4)]) { Style = SeriesStyle.Dots },
            ])),
        ]);
    }

    /// <summary>Trains for some steps.</summary>
    /// <returns>How many seconds they take.</returns>
    private static double Train(bool isSampled, int workers, int servers, int steps, ulong seed)
    {
        // Both products of the LSTM's gates, forward and twice backward.
        var stepFlops = 3.0 * 2 * RealStep * 4 * RealWidth * (2 * RealWidth) + (isSampled ? 3.0 * 2 * RealStep * RealWidth * (Sampled * RealWidth / Width) : 0);
        var scale = (double)RealStep * RealVocabulary * RealWidth / (Batch * Length * Vocabulary * Width);
        var cluster = new SimulatedCluster { Seed = seed, StepTime = new(stepFlops / Flops, Spread: 0.1), BytesScale = BytesScale, ServerFlops = Flops / scale };
        var begin = 0.0;
        new ParameterServer(workers, new() { Servers = servers, Simulation = cluster }).Run(worker => Work(worker, isSampled, steps, seed, () =>
        {
            if (worker.Rank == 0) begin = cluster.Now;
        }));
        return cluster.Report!.Seconds - begin;
    }

    private static void Work(IWorker worker, bool isSampled, int steps, ulong seed, Action begun)
    {
        var (graph, remote) = (new Graph(), worker.Remote!);
        var counter = graph.Variable("step", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var (words, next) = (graph.Placeholder("words", DType.Int64, [Batch, Length]), graph.Placeholder("next", DType.Int64, [Batch * Length]));
        var embedding = graph.Variable("embedding", DType.Float32, [Vocabulary, Width], Initializers.Uniform(-0.1, 0.1));
        var classes = graph.Variable("classes", DType.Float32, [Vocabulary, Width], Initializers.Uniform(-0.1, 0.1));
        var features = new BuildContext(graph, training: true, seed).Apply(new Recurrent(new LstmCell(Width)), embedding.Value.Gather(words)).Reshape([Batch * Length, Width]);
        var loss = isSampled
            ? SampledLosses.SampledSoftmax(classes.Value, graph.Constant(0).BroadcastTo([Vocabulary]), features, next, CandidateSampler.LogUniform(Vocabulary, Sampled), counter.Value, seed ^ (ulong)worker.Rank << 32, 1)
            : DistantSoftmax.CrossEntropies(remote, classes, features, next).Mean();
        Variable[] own = [embedding, .. isSampled ? [classes] : Array.Empty<Variable>(), .. graph.Variables.Where(v => v.IsTrainable && v != embedding && v != classes)];
        List<(Variable Variable, Gradient Gradient)> learned = [.. own.Zip(Gradients.Of(loss, own)).Select(p => (p.First, p.Second!))];
        // Of the weights whose gradient the servers compute, nothing is given away.
        if (!isSampled) learned.Insert(1, (classes, graph.Placeholder("none", DType.Float32, [Vocabulary, Width])));
        var given = learned.Where(l => isSampled || l.Variable != classes).ToList();
        using var session = new Session(graph, new() { Threads = 1, Seed = seed });
        Value[] inputs = [words, next], results = [loss, .. given.Select(l => l.Gradient.Values), .. given.Where(l => l.Gradient.IsSparse).Select(l => l.Gradient.Indices!)];
        var tables = DistantTables.Of(session, learned, inputs, results);
        using var step = session.Compile([.. inputs, .. tables.Reads.Select(r => r.Rows)], results, [counter.Assign(counter.Value + 1)]);
        var feeds = new Tensor[2 + tables.Reads.Count];
        remote.Begin(new(session, learned, Optimizers.Adagrad(0.1)) { Tables = tables.Tables, Classes = isSampled ? new HashSet<int>() : new HashSet<int> { 1 } }, default);
        begun();
        while (remote.StepsDone < steps)
        {
            (feeds[0], feeds[1]) = Draw(seed, worker.Rank, remote.StepsDone);
            tables.Fetch(remote, feeds.AsSpan(0, 2), feeds.AsSpan(2));
            var computed = step.Run(feeds);
            var (values, rows) = (1, 1 + given.Count);
            remote.Step([.. learned.Select(l => l.Variable == classes && !isSampled ? null! : computed[values++])], [.. learned.Select(l => l.Gradient.IsSparse ? computed[rows++] : null)], Batch * Length);
        }
        remote.End();
    }

    /// <summary>Words that are drawn as often as their rank says (Zipf), and those that follow.</summary>
    private static (Tensor Words, Tensor Next) Draw(ulong seed, int worker, long step)
    {
        var key = new PhiloxKey(seed + (ulong)worker, PhiloxKey.StreamOf("words"), (uint)step);
        var text = Enumerable.Range(0, Batch * (Length + 1)).Select(i => Math.Min(Vocabulary - 1, (long)Math.Exp(Philox.Uniform(key, (ulong)i) * Math.Log(Vocabulary + 1.0)) - 1)).ToArray();
        var (words, next) = (new long[Batch * Length], new long[Batch * Length]);
        for (var i = 0; i < words.Length; i++) (words[i], next[i]) = (text[i / Length * (Length + 1) + i % Length], text[i / Length * (Length + 1) + i % Length + 1]);
        return (Tensor.From(words, [Batch, Length]), Tensor.From(next));
    }
}
