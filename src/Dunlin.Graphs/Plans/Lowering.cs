using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// Turns a schedule into kernels over memory: prepares each kernel, puts reorders between those that want different layouts, and
/// decides for every value where it lies.
/// </summary>
internal sealed class Lowering
{
    private readonly Schedule _schedule;
    private readonly IKernelSet _kernels;
    private readonly ThreadTeam _threads;
    private readonly PlanResources _resources;
    private readonly Func<Variable, Tensor> _variables;
    private readonly Dictionary<PlanValue, Placed> _places = [];
    private readonly Dictionary<(PlanValue, MemoryLayout), Placed> _reordered = [];
    private readonly HashSet<PlanValue> _lasting = [];
    private readonly List<LoweredStep> _once = [], _each = [];
    private readonly Dictionary<PlanValue, PlanValue> _casts = [];

    private Lowering(Schedule schedule, IKernelSet kernels, ThreadTeam threads, PlanResources resources, Func<Variable, Tensor> variables) =>
        (_schedule, _kernels, _threads, _resources, _variables) = (schedule, kernels, threads, resources, variables);

    /// <summary>What is run once, and then what each run of the routine does.</summary>
    public IReadOnlyList<LoweredStep> Steps => [.. _once, .. _each];

    /// <summary>How many steps at the beginning are run once only, before the first of several runs with the same lasting operands.</summary>
    public int OnceCount => _once.Count;

    /// <summary>For each fetch, where its plain elements are at the end.</summary>
    public List<Storage> Fetches { get; } = [];

    /// <summary>Lowers a graph in the order of its schedule.</summary>
    /// <param name="graph">What to compute.</param>
    /// <param name="schedule">Its order.</param>
    /// <param name="kernels">Where heavy kernels come from.</param>
    /// <param name="threads">What will run them.</param>
    /// <param name="resources">What they share.</param>
    /// <param name="variables">Where variables lie.</param>
    /// <param name="lasting">Tells of an operand's place among the feeds whether it stays as it is for many runs, as what a loop captures does. What depends on such operands alone is computed once.</param>
    public static Lowering Of(PlanGraph graph, Schedule schedule, IKernelSet kernels, ThreadTeam threads, PlanResources resources, Func<Variable, Tensor> variables, Predicate<int>? lasting = null)
    {
        var lowering = new Lowering(schedule, kernels, threads, resources, variables);
        if (lasting is not null)
            lowering._lasting.UnionWith(graph.Nodes.SelectMany(n => n.Inputs).Concat(graph.Fetches).Where(v => v.Constant is not null || (v.Feed >= 0 && lasting(v.Feed))));
        foreach (var node in schedule.Nodes) lowering.Lower(node);
        foreach (var fetch in graph.Fetches) lowering.Fetches.Add(lowering.In(fetch, MemoryLayout.Plain).Storage);
        lowering.FindLives();
        return lowering;
    }

    /// <summary>Says from which step to which each value is needed.</summary>
    private void FindLives()
    {
        var steps = Steps;
        for (var s = 0; s < steps.Count; s++)
        {
            foreach (var storage in steps[s].Inputs.Concat(steps[s].Outputs)) storage.Use(s);
            steps[s].Scratch?.Use(s);
            if (s >= _once.Count) continue;
            foreach (var storage in steps[s].Outputs) storage.Use(int.MaxValue - 1);
        }
        foreach (var storage in Fetches) storage.Use(int.MaxValue - 1);
    }

    /// <summary>
    /// What a cast between Float32 and 16 bits reads; null of other nodes. Such a cast is computed when somebody reads it, in the layout that is wanted then: that is one pass over
    /// memory instead of two.
    /// </summary>
    public static MemoryView? CastOf(PlanNode node) => node.Operation is Ops.Cast { To: var to } && node.Inputs[0].Type.Type is var from
        && (from == DType.Float32 && to.IsHalf() || from.IsHalf() && to == DType.Float32) ? new MemoryView(0) : null;

    private void Lower(PlanNode node)
    {
        if (IsLasting(node)) _lasting.UnionWith(node.Outputs);
        if (node.Operation.ViewOf(node.InputTypes, node.Outputs[0].Type) is { } view)
        {
            var source = In(node.Inputs[view.Input], MemoryLayout.Plain).Storage;
            _places[node.Outputs[0]] = new(source.Part(view.ByteOffset, node.Outputs[0].Type.Bytes), MemoryLayout.Plain);
            return;
        }
        var toVariables = node.Outputs.Any(_schedule.InVariables.ContainsKey);
        if (!toVariables && CastOf(node) is not null)
        {
            _casts[node.Outputs[0]] = node.Inputs[0];
            return;
        }
        var context = new PrepareContext(node.InputTypes, [.. node.Outputs.Select(o => o.Type)], [.. node.Inputs.Select(LayoutOf)],
            _kernels, _threads, _resources, keepPlain: toVariables, name: node.Name)
        { Lasting = [.. node.Inputs.Select(_lasting.Contains)] };
        var kernel = Prepare(node, context);
        Storage[] inputs = [.. node.Inputs.Select((value, i) => node.Operation.ReadsElements(i) ? In(value, kernel.InputLayout(i)).Storage : Storage.At(0, 0))];
        var copies = new List<(Storage From, Storage To, PlanValue Value)>();
        Storage[] outputs = [.. node.Outputs.Select((value, o) => Output(node, kernel, value, o, inputs, copies))];
        TensorType[] types = [.. node.Outputs.Select(o => o.Type)];
        Add(StepsOf(node.Outputs[0]), node.Name, node.Operation.Name, kernel, inputs, outputs, types, node.Operation, node.InputTypes);
        foreach (var (from, to, value) in copies) Add(_each, node.Name, "Copy", new Ops.CopyKernel(value.Type.Bytes), [from], [to], [value.Type]);
        for (var o = 0; o < node.Outputs.Count; o++)
            if (_schedule.InVariables.TryGetValue(node.Outputs[o], out var variable) && kernel.OutputLayout(o) is var layout && !ReferenceEquals(layout, MemoryLayout.Plain))
                Reorder(node.Outputs[o], new(outputs[o], layout), MemoryLayout.Plain, VariableStorage(variable));
    }

    /// <summary>Whether a node computes the same from run to run.</summary>
    private bool IsLasting(PlanNode node) => _lasting.Count > 0 && !node.Operation.IsStateful && node.After.Count == 0
        && node.Inputs.All(i => i.IsShapeOnly || _lasting.Contains(i)) && node.Inputs.Concat(node.Outputs).All(v => v.Type.Type != DType.List && !_schedule.InVariables.ContainsKey(v));

    private static Kernel Prepare(PlanNode node, PrepareContext context)
    {
        try { return node.Operation.Prepare(context); }
        catch (DunlinException e)
        {
            e.At(node.Name);
            throw;
        }
    }

    private Storage Output(PlanNode node, Kernel kernel, PlanValue value, int output, Storage[] inputs, List<(Storage, Storage, PlanValue)> copies)
    {
        var layout = kernel.OutputLayout(output);
        var bytes = layout.Bytes(value.Type);
        if (!_schedule.InVariables.TryGetValue(value, out var variable)) return Place(value, Storage.Arena(bytes), layout);
        var target = VariableStorage(variable);
        if (!ReferenceEquals(layout, MemoryLayout.Plain))
        {
            // A reorder after the kernel fills the variable; readers of the value may take either.
            return Place(value, Storage.Arena(bytes), layout);
        }
        _places[value] = new(target, layout);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].Root.Address != target.Address || kernel.CanOverwrite(i, output)) continue;
            var temporary = Storage.Arena(bytes);
            copies.Add((temporary, target, value));
            return temporary;
        }
        return target;
    }

    private Storage Place(PlanValue value, Storage storage, MemoryLayout layout)
    {
        _places[value] = new(storage, layout);
        return storage;
    }

    private Storage VariableStorage(Variable variable)
    {
        var tensor = _variables(variable);
        return Storage.At(tensor.Address, tensor.Bytes);
    }

    private Placed Current(PlanValue value)
    {
        if (_places.TryGetValue(value, out var place)) return place;
        var storage = value switch
        {
            { IsShapeOnly: true } => Storage.At(0, 0),
            { Constant: { } constant } => Storage.At(constant.Address, constant.Bytes),
            { Variable: { } variable } => VariableStorage(variable),
            { Feed: >= 0 } => Storage.Fed(value.Feed, value.Type.Bytes),
            _ => throw new InvalidOperationException($"{value} is read before it is computed."),
        };
        return _places[value] = new(storage, MemoryLayout.Plain);
    }

    /// <summary>The layout in which a value is at hand, or cheapest to have.</summary>
    private MemoryLayout LayoutOf(PlanValue value) =>
        _casts.TryGetValue(value, out var source) ? LayoutOf(source).Of(value.Type.Type) ?? MemoryLayout.Plain : Current(value).Layout;

    /// <summary>The value in the wanted layout, cast or reordered if need be.</summary>
    private Placed In(PlanValue value, MemoryLayout layout)
    {
        if (_casts.TryGetValue(value, out var source))
            return _reordered.TryGetValue((value, layout), out var cast) ? cast : _reordered[(value, layout)] = Cast(value, source, layout);
        var current = Current(value);
        if (current.Layout.Equals(layout)) return current;
        if (_reordered.TryGetValue((value, layout), out var known)) return known;
        return _reordered[(value, layout)] = Reorder(value, current, layout, Storage.Arena(layout.Bytes(value.Type)));
    }

    private Placed Cast(PlanValue value, PlanValue source, MemoryLayout layout)
    {
        var from = _casts.ContainsKey(source) ? In(source, MemoryLayout.Plain) : Current(source);
        var isSame = layout.Equals(from.Layout.Of(value.Type.Type)) && layout.IsPermutation(value.Type) && from.Layout.IsPermutation(source.Type);
        var kernel = isSame
            ? Ops.Cast.Kernel(source.Type, value.Type, from.Layout, layout, _threads)
            : _kernels.TryPrepare(new ReorderSpec(ReferenceEquals(from.Layout, MemoryLayout.Plain) ? source.Type.Type : value.Type.Type, value.Type.Shape, from.Layout, layout), [from.Layout], _threads);
        if (kernel is null) return InSteps(value, source, layout);
        var target = Storage.Arena(layout.Bytes(value.Type));
        Add(StepsOf(value), value.Name, isSame ? "Cast" : $"Cast({from.Layout} -> {layout})", kernel, [from.Storage], [target], [value.Type]);
        return new(target, layout);
    }

    /// <summary>Where no kernel casts between the two layouts: plain, cast, and then the layout.</summary>
    private Placed InSteps(PlanValue value, PlanValue source, MemoryLayout layout)
    {
        var (plain, target) = (In(source, MemoryLayout.Plain), Storage.Arena(value.Type.Bytes));
        Add(StepsOf(value), value.Name, "Cast", Ops.Cast.Kernel(source.Type, value.Type, plain.Layout, plain.Layout, _threads), [plain.Storage], [target], [value.Type]);
        var cast = new Placed(target, MemoryLayout.Plain);
        return ReferenceEquals(layout, MemoryLayout.Plain) ? cast : Reorder(value, cast, layout, Storage.Arena(layout.Bytes(value.Type)));
    }

    private Placed Reorder(PlanValue value, Placed from, MemoryLayout layout, Storage target)
    {
        var kernel = _kernels.Prepare(new ReorderSpec(value.Type.Type, value.Type.Shape, from.Layout, layout), [from.Layout], _threads);
        Add(StepsOf(value), value.Name, $"Reorder({from.Layout} -> {layout})", kernel, [from.Storage], [target], [value.Type]);
        return new(target, layout);
    }

    private List<LoweredStep> StepsOf(PlanValue value) => _lasting.Contains(value) ? _once : _each;

    private static void Add(List<LoweredStep> steps, string name, string operation, Kernel kernel, Storage[] inputs, Storage[] outputs, TensorType[] types, Operation? source = null,
        IReadOnlyList<TensorType>? read = null)
    {
        var scratch = kernel.ScratchBytes > 0 ? Storage.Arena(kernel.ScratchBytes) : null;
        steps.Add(new(name, operation, kernel, inputs, outputs, scratch, types)
        {
            Work = source is null ? default : KernelWork.Of(source, kernel, read!, types),
            IsExchange = source is Ops.ICollectiveStart or Ops.ICollectiveWait,
        });
    }

    private readonly record struct Placed(Storage Storage, MemoryLayout Layout);
}

/// <summary>A kernel and its operands' places.</summary>
/// <param name="Name">The node that asked for it.</param>
/// <param name="Operation">What it does, for traces.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Inputs">Where the inputs lie.</param>
/// <param name="Outputs">Where the outputs lie.</param>
/// <param name="Scratch">Working memory, if it wants any.</param>
/// <param name="OutputTypes">The outputs' types.</param>
internal sealed record LoweredStep(string Name, string Operation, Kernel Kernel, Storage[] Inputs, Storage[] Outputs, Storage? Scratch, TensorType[] OutputTypes)
{
    /// <summary>What its operation says of the work.</summary>
    public KernelWork Work { get; init; }

    /// <summary>Whether other ranks read or write its operands.</summary>
    public bool IsExchange { get; init; }
}
