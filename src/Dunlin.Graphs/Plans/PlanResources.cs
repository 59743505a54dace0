using Dunlin.Tensors.Collectives;

namespace Dunlin.Graphs.Plans;

/// <summary>What the kernels of one plan share besides their operands.</summary>
/// <param name="session">The session that they run in; null for computing outside of one.</param>
/// <param name="disabledPasses">Names of rewriting passes to leave out.</param>
internal sealed class PlanResources(Session? session, IReadOnlySet<string> disabledPasses)
{
    private readonly Dictionary<int, PendingSlot> _pending = [];

    /// <summary>For computing outside a session.</summary>
    public static PlanResources None => new(null, new HashSet<string>());

    /// <summary>Names of rewriting passes to leave out.</summary>
    public IReadOnlySet<string> DisabledPasses => disabledPasses;

    /// <summary>The element type of products of Float32 tensors.</summary>
    public DType Precision => session?.Options.Precision ?? DType.Float32;

    /// <summary>Where printing operations write.</summary>
    public TextWriter Output => session?.Options.Output ?? TextWriter.Null;

    /// <summary>The session's state of a resource.</summary>
    public object State(Resource resource) => session?.StateOf(resource) ?? throw new DunlinException($"There is no session here to hold {resource.Name}.");

    /// <summary>The communicator along a mesh axis.</summary>
    public ICommunicator Communicator(string axis) => session?.Communicator(axis) ?? throw new DunlinException($"There is no mesh axis {axis} here.");

    /// <summary>The place where a started collective waits for its second half.</summary>
    public PendingSlot Pending(int key) => _pending.TryGetValue(key, out var slot) ? slot : _pending[key] = new PendingSlot();
}

/// <summary>Holds a collective between its start and its wait.</summary>
internal sealed class PendingSlot
{
    public IPendingOperation? Operation { get; set; }
}
