using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// Lets products of Float32 tensors take 16-bit operands, where the session asks for it, and keeps in 16 bits what lies between them: rectified, pooled, normalised and joined
/// activations, and their gradients. Everything else stays Float32: variables, gradients of weights, sums, losses, statistics, updates (decision 14).
/// </summary>
/// <remarks>
/// It runs after the passes that look for products with what follows them, so that those need not know of casts, and before element-wise operations are joined, so that casts cost no
/// pass over memory.
/// </remarks>
internal sealed class MixedPrecision : IPlanPass
{
    public string Name => "mixed-precision";

    public void Run(PlanGraph graph)
    {
        if (graph.Precision.IsHalf()) new Narrowing(graph).Run();
    }

    /// <summary>What the policy does with an operation.</summary>
    private enum Role
    {
        /// <summary>It is computed in Float32.</summary>
        Wide,
        /// <summary>So is this, but within a joined kernel: whether results are then kept in 16 bits depends on who reads them.</summary>
        Elementwise,
        /// <summary>It moves or compares elements, or its sums are Float32 inside: it takes 16 bits if that is what it is given.</summary>
        Follower,
        /// <summary>It multiplies matrices or convolves: in 16 bits.</summary>
        Product,
    }

    private sealed class Narrowing(PlanGraph graph)
    {
        private readonly DType _type = graph.Precision;
        private readonly Dictionary<PlanNode, Role> _roles = [];
        private readonly HashSet<PlanValue> _wanted = [], _read = [];
        private readonly Dictionary<PlanValue, PlanValue> _by = [], _narrow = [];
        private readonly HashSet<PlanValue> _isNarrow = [];
        private readonly Dictionary<PlanNode, PlanNode> _nodesBy = [];
        private readonly List<PlanNode> _nodes = [];

        public void Run()
        {
            graph.Sort();
            foreach (var node in graph.Nodes.AsEnumerable().Reverse()) Look(node);
            if (!_roles.ContainsValue(Role.Product)) return;
            foreach (var node in graph.Nodes) Rewrite(node);
            graph.Nodes = _nodes;
            for (var f = 0; f < graph.Fetches.Count; f++) graph.Fetches[f] = Wide(graph.Fetches[f], int.MaxValue);
            foreach (var node in _nodes)
                foreach (var gone in node.After.Where(_nodesBy.ContainsKey).ToList())
                {
                    node.After.Remove(gone);
                    node.After.Add(_nodesBy[gone]);
                }
        }

        /// <summary>Decides an operation's role, and what it wants of its operands. Its readers come first.</summary>
        private void Look(PlanNode node)
        {
            var role = _roles[node] = RoleOf(node);
            if (role == Role.Wide || (role != Role.Product && !node.Outputs.Any(_wanted.Contains))) return;
            foreach (var i in Elements(node))
            {
                _wanted.Add(node.Inputs[i]);
                if (role != Role.Elementwise) _read.Add(node.Inputs[i]);
            }
        }

        private Role RoleOf(PlanNode node)
        {
            var operation = node.Operation;
            if (operation.IsStateful || node.Outputs.All(o => o.Type.Type != DType.Float32) || Elements(node).Any(i => node.Inputs[i].Type.Type != DType.Float32)) return Role.Wide;
            return operation switch
            {
                // A weight gradient that goes to its update from the cache is bound by memory, not by products.
                MatMul when !_wanted.Contains(node.Outputs[0]) && FuseUpdates.Takes(node) => Role.Wide,
                MatMul or Conv or ConvBackwardData or ConvBackwardWeights or ConvBackwardWeightsAndBias or WithEpilogue => Role.Product,
                PoolBackward { Kind: Dunlin.Tensors.Kernels.PoolKind.Max } when node.Inputs[1].Producer?.Operation is not Pool => Role.Wide,
                Pool or PoolBackward or Concat or ConcatPart or Split or Transpose => Role.Follower,
                _ when Mixed.IsNorm(operation) => Role.Follower,
                Unary unary when unary == Unary.Relu => Role.Follower,
                Binary binary when binary == Binary.RectifierGradient => Role.Follower,
                Elementwise => Role.Elementwise,
                Bitcast or ReduceToLike => Role.Wide,
                _ when operation.ViewOf(node.InputTypes, node.Outputs[0].Type) is not null => Role.Follower,
                _ => Role.Wide,
            };
        }

        /// <summary>The inputs that are of 16 bits where the operation is.</summary>
        private static IEnumerable<int> Elements(PlanNode node) => node.Operation switch
        {
            BatchNorm or BatchNormInference => [0],
            BatchNormBackward => [0, 4],
            PoolBackward => [0],
            _ => Enumerable.Range(0, node.Inputs.Count).Where(node.Operation.ReadsElements),
        };

        private void Rewrite(PlanNode node)
        {
            var role = _roles[node];
            var isNarrow = role == Role.Product || (role == Role.Follower && Follows(node));
            if (!isNarrow)
            {
                for (var i = 0; i < node.Inputs.Count; i++)
                    if (node.Operation.ReadsElements(i)) node.Inputs[i] = Wide(node.Inputs[i], node.Order);
                _nodes.Add(node);
                // What was computed in passing is kept in 16 bits if somebody reads it so: all read that.
                if (role == Role.Elementwise && _read.Contains(node.Outputs[0])) _isNarrow.Add(node.Outputs[0]);
                return;
            }
            var elements = Elements(node).ToHashSet();
            PlanValue[] inputs = [.. node.Inputs.Select((value, i) => elements.Contains(i) ? Narrow(value, node.Order)
                : !node.Operation.ReadsElements(i) && value.Type.Type == DType.Float32 ? PlanValue.OfShape(value, _type)
                : Wide(value, node.Order))];
            var operation = NeedsMixed(node) ? new Mixed(node.Operation) : node.Operation;
            var narrowed = new PlanNode(operation, node.Name, inputs, Typed(node.Outputs, operation.Infer([.. inputs.Select(i => i.Type)])), node.Order);
            narrowed.After.UnionWith(node.After);
            _nodes.Add(narrowed);
            _nodesBy[node] = narrowed;
            for (var o = 0; o < node.Outputs.Count; o++)
            {
                var (old, result) = (node.Outputs[o], narrowed.Outputs[o]);
                _by[old] = result;
                if (old.Type == result.Type) continue;
                _narrow[old] = result;
                _isNarrow.Add(old);
            }
        }

        /// <summary>The results' own shapes, which for joined operations may be others than the shape rule says, with the element types of that.</summary>
        private static IEnumerable<TensorType> Typed(IReadOnlyList<PlanValue> results, TensorType[] types) => results.Zip(types, (result, type) => result.Type with { Type = type.Type });

        /// <summary>Sums that nobody wants in 16 bits are not rounded to those.</summary>
        private bool NeedsMixed(PlanNode node) => Mixed.Takes(node.Operation)
            && (node.Operation is not MatMul and not WithEpilogue || !_wanted.Contains(node.Outputs[0]));

        /// <summary>Whether the operands are kept in 16 bits anyway; both directions of maximum pooling agree.</summary>
        private bool Follows(PlanNode node) => node.Operation is PoolBackward { Kind: Dunlin.Tensors.Kernels.PoolKind.Max }
            ? _nodesBy.ContainsKey(node.Inputs[1].Producer!)
            : Elements(node).All(i => _isNarrow.Contains(node.Inputs[i]));

        private PlanValue Narrow(PlanValue value, int order) =>
            _narrow.TryGetValue(value, out var known) ? known : _narrow[value] = Cast(_by.GetValueOrDefault(value, value), _type, order);

        /// <summary>A value in Float32, or whatever other type it has. Every reader casts for itself, so that it can be joined with the cast.</summary>
        private PlanValue Wide(PlanValue value, int order) =>
            _isNarrow.Contains(value) ? Cast(Narrow(value, order), DType.Float32, order) : _by.GetValueOrDefault(value, value);

        private PlanValue Cast(PlanValue value, DType type, int order)
        {
            var cast = new PlanNode(new Cast(type), value.Name, [value], [value.Type with { Type = type }], Math.Max(order, value.Producer?.Order ?? 0));
            _nodes.Add(cast);
            return cast.Outputs[0];
        }
    }
}
