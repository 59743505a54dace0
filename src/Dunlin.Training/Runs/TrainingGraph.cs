using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>One worker's graph: forward pass, gradients, exchange, update and validation, over one set of variables; and the session that runs it.</summary>
internal sealed class TrainingGraph : IDisposable
{
    private const string CounterName = "training/step";

    public TrainingGraph(TrainingRecipe recipe, TrainerOptions options, IWorker worker, IDataset data)
    {
        if (data.Fields.Count < 2) throw new DunlinException($"Training takes a data set of an input and a target; this one has only {string.Join(", ", data.Fields.Select(f => f.Name))}.");
        if (worker.Remote is not null && options.GradientAccumulationSteps > 1)
            throw new DunlinException($"Where the update is done elsewhere, as by parameter servers, each step's gradient is given away: {nameof(TrainerOptions.GradientAccumulationSteps)} = {options.GradientAccumulationSteps} is not possible; leave it at 1, and take a larger batch or more workers.");
        var graph = new Graph();
        Counter = graph.Variable(CounterName, DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        Input = Placeholder(graph, data.Fields[0]);
        Target = Placeholder(graph, data.Fields[1]);
        Weight = graph.Placeholder("weight", DType.Float32, Shape.Scalar);
        StopRequest = graph.Placeholder("stop", DType.Float32, Shape.Scalar);

        if (options.GradientAccumulationSteps > 1) Part = graph.Placeholder("part", DType.Int64, Shape.Scalar);

        // Workers see other examples and so draw other dropout masks; worker 0 draws those of a run on one worker. Micro-batches draw others, too.
        // What a piece of the data gives is the same on all.
        var draws = worker.Remote?.WholeData is null ? worker.Rank : 0;
        Context = new BuildContext(graph, training: true, options.Seed ^ ((ulong)draws << 32), Part is null ? Counter.Value : Counter.Value * options.GradientAccumulationSteps + Part,
            new Replicas(worker.Axis, worker.Communicator.Size, Weight, options.SyncBatchNorm))
        {
            DistantClasses = worker.Remote is { HasTables: true } remote ? remote : null,
        };
        var sharded = worker.Shards is { Sharding: ShardingStage.Parameters } shards ? new ShardedWeights(Context, shards, DenselyLearned(recipe, data)) : null;
        var prediction = Context.Apply(recipe.Model, Input);
        LocalLoss = Context.TotalLoss(recipe.Loss, prediction, Target);
        var weighted = LocalLoss * Weight;
        Measured = [weighted, .. recipe.Metrics.Select(m => m.Mean(prediction, Target) * Weight)];
        var totals = worker.Sum([.. Measured, StopRequest]).ToArray();
        totals[0] = totals[0].CheckFinite("the loss");
        Totals = totals;

        Variable[] trainable = [.. graph.Variables.Where(v => v.IsTrainable)];
        var gradients = sharded is null ? Gradients.Of(weighted, trainable) : Gradients.Of(weighted, [.. trainable.Select(sharded.WholeOf)], sharded.Again);
        (Variable Variable, Gradient Gradient)[] learned = [.. trainable.Zip(gradients).Select(p => (p.First, Second: GradientOf(p.First, p.Second))).Where(p => p.Second is not null).Select(p => (p.First, p.Second!))];
        if (learned.Length == 0) throw new DunlinException("The loss depends on no trainable variable: there is nothing to train.");
        var batch = Math.Min(options.BatchSize, data.Count);
        LargestPass = Math.Max(1, CeilingOf(CeilingOf(batch, worker.Shares), options.GradientAccumulationSteps));
        if (worker.Remote is not null) GivenAway = learned;
        var share = new WorkerShare([Input, Target], Weight, LargestPass);
        var sums = Part is null ? null : new GradientAccumulation(learned, share, Part, options.GradientAccumulationSteps);
        var parameters = Exchange.Parameters(sums?.Sums ?? learned, worker, share);
        if (sums is not null) PassUpdates = [.. sums.Additions, .. StatisticsUpdates(worker)];
        using (graph.RunAfter(totals[0]))
        {
            var learning = recipe.Optimizer.Build(graph, Counter.Value, parameters, worker.Shards);
            // Of an update that is done elsewhere, the graph has the variables alone, for checkpoints.
            List<Value> updates = [.. GivenAway.Count > 0 ? [] : learning];
            updates.AddRange(worker.Updates.Select(u => u.Variable.Assign(u.Value)));
            updates.AddRange(sums?.Resets ?? StatisticsUpdates(worker));
            updates.Add(Counter.Assign(Counter.Value + 1));
            Updates = updates;
        }

        Averages = [.. learned.Select(l => (l.Variable, Average: AverageWeights.Of(graph, l.Variable))).Where(a => a.Average is not null).Select(a => (a.Variable, a.Average!))];

        var inference = Context.ForInference();
        var predicted = inference.Apply(recipe.Model, Input);
        Validation = [recipe.Loss(predicted, Target), .. recipe.Metrics.Select(m => m.Mean(predicted, Target))];
        MetricNames = ["loss", .. recipe.Metrics.Select(m => m.Name)];
        ValidatesTogether = sharded is not null;
        Threads = options.Threads;
        Session = new Session(graph, new SessionOptions { Kernels = options.Kernels, Precision = options.Precision, Threads = Threads, Seed = options.Seed, Communicators = _ => worker.Communicator, RentExchanged = worker.Communicator.Rent, LargeVariables = options.LargeVariables });
    }

    public Session Session { get; }

    /// <summary>The loss and the metrics, in the order of <see cref="Totals"/> and <see cref="Validation"/>.</summary>
    public IReadOnlyList<string> MetricNames { get; }

    public BuildContext Context { get; }

    /// <summary>Steps done: the key of all random operations.</summary>
    public Variable Counter { get; }

    public int Threads { get; }

    public Value Input { get; }

    public Value Target { get; }

    /// <summary>This worker's share of the batch.</summary>
    public Value Weight { get; }

    /// <summary>Above 0 where this worker was asked to stop.</summary>
    public Value StopRequest { get; }

    /// <summary>The mean loss over this worker's examples.</summary>
    public Value LocalLoss { get; }

    /// <summary>The loss and the metrics over the whole batch, then the number of workers that were asked to stop.</summary>
    public IReadOnlyList<Value> Totals { get; }

    /// <summary>The number of the micro-batch within the step, from 0; null where a step is one pass.</summary>
    public Value? Part { get; }

    /// <summary>What a forward pass is fed: input, target, weight and, where there is one, the part.</summary>
    public IReadOnlyList<Value> PassInputs => Part is null ? [Input, Target, Weight] : [Input, Target, Weight, Part];

    /// <summary>The most examples that a worker takes in one pass.</summary>
    public int LargestPass { get; }

    /// <summary>The loss and the metrics over this worker's examples, times their part of the batch.</summary>
    public IReadOnlyList<Value> Measured { get; }

    /// <summary>The learned variables and their gradients, where the update is done elsewhere; else none.</summary>
    public IReadOnlyList<(Variable Variable, Gradient Gradient)> GivenAway { get; } = [];

    /// <summary>The numbers of those among them whose gradients are computed where the update is done: weights of classes.</summary>
    public IReadOnlySet<int> Classes => Enumerable.Range(0, GivenAway.Count).Where(i => Context.DistantWeights.Contains(GivenAway[i].Variable)).ToHashSet();

    /// <summary>What a pass over a micro-batch changes; nothing where a step is one pass.</summary>
    public IReadOnlyList<Value> PassUpdates { get; } = [];

    /// <summary>What a step changes, at its end.</summary>
    public IReadOnlyList<Value> Updates { get; }

    /// <summary>The loss and the metrics of inference, over this worker's examples.</summary>
    public IReadOnlyList<Value> Validation { get; }

    /// <summary>Whether workers exchange weights while they compute <see cref="Validation"/>: then each has to do so as often as the others.</summary>
    public bool ValidatesTogether { get; }

    /// <summary>The variables of the model itself, statistics included.</summary>
    public IEnumerable<Variable> ModelVariables => Session.Graph.Variables.Where(v => !IsState(v) && !GradientAccumulation.Owns(v) && !OwnState.Owns(v));

    /// <summary>The variables whose running means the optimiser keeps, with those.</summary>
    public IReadOnlyList<(Variable Variable, Variable Average)> Averages { get; }

    /// <summary>What the model is to those who use it, by name: the variables, or their means where the optimiser keeps them.</summary>
    public IEnumerable<(string Name, Variable Variable)> Model
    {
        get
        {
            var averages = Averages.ToDictionary(a => a.Variable, a => a.Average);
            return ModelVariables.Select(v => (v.Name, averages.GetValueOrDefault(v, v)));
        }
    }

    /// <summary>What else it takes to go on, by name: the optimiser's variables, the counter, and the weights behind the means.</summary>
    public IEnumerable<(string Name, Variable Variable)> State => Session.Graph.Variables.Where(IsState).Except(Averages.Select(a => a.Average)).Select(v => (v.Name, v))
        .Concat(Averages.Select(a => (OptimizerContext.NameOf("weights", a.Variable), a.Variable)));

    /// <summary>The variables that each worker's own examples change.</summary>
    public IEnumerable<(Variable Variable, Agreement Agreement)> Statistics => Context.Updates.Select(u => (u.Variable, u.Agreement));

    public void Dispose() => Session.Dispose();

    /// <summary>The weights that all workers learn from dense gradients, as a model built on trial has them.</summary>
    private static IReadOnlyList<Variable> DenselyLearned(TrainingRecipe recipe, IDataset data)
    {
        var graph = new Graph();
        var counter = graph.Variable(CounterName, DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var context = new BuildContext(graph, training: true, 0, counter.Value);
        var loss = context.TotalLoss(recipe.Loss, context.Apply(recipe.Model, Placeholder(graph, data.Fields[0])), Placeholder(graph, data.Fields[1]));
        Variable[] trainable = [.. context.Variables.Where(v => v.IsTrainable)];
        return [.. trainable.Zip(Gradients.Of(loss, trainable)).Where(p => p.Second is { IsSparse: false }).Select(p => p.First)];
    }

    /// <summary>Of weights whose gradient is computed elsewhere, a value of its type stands for it.</summary>
    private Gradient? GradientOf(Variable variable, Gradient? gradient)
    {
        if (!Context.DistantWeights.Contains(variable)) return gradient;
        if (gradient is not null) throw new DunlinException($"The weights {variable.Name} of classes lie on servers, and the loss depends on them in another way as well: use them in one layer of class scores alone.");
        return variable.Value.Graph.Placeholder($"{variable.Name}/gradient", variable.TensorType.Type, variable.TensorType.Shape);
    }

    /// <summary>New running statistics. Those of examples that do not count, or whose loss is not finite, are nobody's.</summary>
    private List<Value> StatisticsUpdates(IWorker worker)
    {
        if (Context.Updates.Count == 0) return [];
        if (Part is null && worker.Communicator.Size == 1) return [.. Context.Updates.Select(u => u.Variable.Assign(u.Value))];
        var (isFinite, counts) = (LocalLoss.IsFinite(), Weight > 0);
        return [.. Context.Updates.Select(u => u.Variable.Assign(Operations.Select(u.Agreement == Agreement.Equal ? isFinite : isFinite & counts, u.Value, u.Variable.Value)))];
    }

    private static int CeilingOf(int a, int b) => (a + b - 1) / b;

    private static bool IsState(Variable variable) => variable.Name == CounterName || variable.Name.StartsWith(OptimizerContext.Prefix, StringComparison.Ordinal);

    private static Value Placeholder(Graph graph, Field field) =>
        graph.Placeholder(field.Name, field.Type.Type, Shape.Of(Shape.Unknown).Append(field.Type.Shape.Dimensions));
}
