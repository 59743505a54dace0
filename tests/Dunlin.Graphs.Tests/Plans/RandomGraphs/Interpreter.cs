using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans.RandomGraphs;

/// <summary>
/// What a step means, without plans: nodes one at a time in the graph's order, each with a kernel of its own and fresh memory;
/// variables read as they were before the step.
/// </summary>
internal sealed unsafe class Interpreter
{
    private readonly Dictionary<Value, Tensor> _values = [];

    /// <summary>The variables' elements.</summary>
    public Dictionary<Variable, Tensor> Variables { get; } = [];

    public IReadOnlyList<Tensor> Step(IReadOnlyList<Value> feeds, IReadOnlyList<Tensor> fed, IReadOnlyList<Value> fetches, IReadOnlyList<Value> targets)
    {
        _values.Clear();
        for (var i = 0; i < feeds.Count; i++) _values[feeds[i]] = fed[i];
        var assigned = new Dictionary<Variable, Tensor>();
        foreach (var node in Needed([.. fetches, .. targets]))
        {
            Evaluate(node);
            if (node.Operation.Writes is { } variable) assigned[variable] = this[node.Outputs[0]];
        }
        Tensor[] results = [.. fetches.Select(f => this[f].Clone())];
        foreach (var (variable, elements) in assigned) Variables[variable] = elements.Clone();
        return results;
    }

    public Tensor this[Value value] => _values[value];

    public bool Knows(Value value) => _values.ContainsKey(value);

    public void Feed(Value value, Tensor tensor) => _values[value] = tensor;

    public void Evaluate(Node node)
    {
        if (node.Outputs.All(_values.ContainsKey)) return;
        if (node.Operation is Constant constant) _values[node.Outputs[0]] = constant.Tensor.Clone();
        else if (node.Operation is ReadVariable read) _values[node.Outputs[0]] = Variables[read.Variable].Clone();
        else if (node.Operation.Writes is not null) _values[node.Outputs[0]] = this[node.Inputs[0]].Clone();
        else Compute(node);
    }

    private void Compute(Node node)
    {
        Tensor[] inputs = [.. node.Inputs.Select(i => this[i])];
        TensorType[] types = [.. inputs.Select(i => i.TensorType)];
        Tensor[] outputs = [.. node.Operation.Infer(types).Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
        if (node.Operation.ViewOf(types, outputs[0].TensorType) is { } view)
            inputs[view.Input].RawBytes.Slice((int)view.ByteOffset, (int)outputs[0].Bytes).CopyTo(outputs[0].RawBytes);
        else
        {
            using var kernel = node.Operation.Prepare(new PrepareContext(types, [.. outputs.Select(o => o.TensorType)], [.. inputs.Select(_ => MemoryLayout.Plain)],
                KernelSets.Managed, ThreadTeam.Single, PlanResources.None));
            var scratch = Tensor.Zeros(DType.UInt8, [(int)kernel.ScratchBytes + 1]);
            nint[] buffers = [.. inputs.Concat(outputs).Append(scratch).Select(t => t.Address)];
            fixed (nint* pinned = buffers) kernel.Run(pinned, ThreadTeam.Single);
            GC.KeepAlive(scratch);
        }
        for (var o = 0; o < outputs.Length; o++) _values.TryAdd(node.Outputs[o], outputs[o]);
        GC.KeepAlive(inputs);
    }

    private IEnumerable<Node> Needed(IReadOnlyList<Value> results)
    {
        var needed = new SortedDictionary<int, Node>();
        var open = new Stack<Node>(results.Where(r => !_values.ContainsKey(r)).Select(r => r.Node));
        while (open.TryPop(out var node))
        {
            if (!needed.TryAdd(node.Index, node)) continue;
            foreach (var input in node.Inputs)
                if (!_values.ContainsKey(input)) open.Push(input.Node);
            foreach (var earlier in node.After)
                if (!earlier.Outputs.All(_values.ContainsKey)) open.Push(earlier);
        }
        return [.. needed.Values];
    }
}
