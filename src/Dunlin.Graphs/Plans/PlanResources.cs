using Dunlin.Tensors.Collectives;

namespace Dunlin.Graphs.Plans;

/// <summary>What the kernels of one plan share besides their operands.</summary>
internal sealed class PlanResources(Func<string, ICommunicator> communicator, IReadOnlySet<string> disabledPasses, TextWriter output)
{
    private readonly Dictionary<int, PendingSlot> _pending = [];

    /// <summary>For computing outside a session.</summary>
    public static PlanResources None => new(axis => throw new DunlinException($"There is no mesh axis {axis} here."), new HashSet<string>(), TextWriter.Null);

    /// <summary>Names of rewriting passes to leave out.</summary>
    public IReadOnlySet<string> DisabledPasses => disabledPasses;

    /// <summary>Where printing operations write.</summary>
    public TextWriter Output => output;

    public ICommunicator Communicator(string axis) => communicator(axis);

    /// <summary>The place where a started collective waits for its second half.</summary>
    public PendingSlot Pending(int key) => _pending.TryGetValue(key, out var slot) ? slot : _pending[key] = new PendingSlot();
}

/// <summary>Holds a collective between its start and its wait.</summary>
internal sealed class PendingSlot
{
    public IPendingOperation? Operation { get; set; }
}
