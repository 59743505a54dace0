using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Training;

/// <summary>One worker: the calling thread. The default.</summary>
public sealed class SingleWorker : ITrainingStrategy
{
    /// <inheritdoc/>
    public string Name => "single";

    /// <inheritdoc/>
    public int Workers => 1;

    /// <inheritdoc/>
    public void Run(Action<IWorker> program) => program(new Worker());

    private sealed class Worker : IWorker
    {
        public int Rank => 0;

        public ICommunicator Communicator { get; } = LocalGroup.Create(1)[0];

        public string Axis => "data";

        public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share) => gradients;

        public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => scalars;
    }
}
