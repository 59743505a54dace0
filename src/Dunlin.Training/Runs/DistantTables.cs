using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// Tables that a step only reads rows of, by numbers that are known before: such as those of embeddings and of sampled classes. The rows may then be fetched from where the table is, and stand in the step for what would be read
/// here; the table itself is not needed.
/// </summary>
public sealed class DistantTables
{
    private readonly IReadOnlyList<(Variable Variable, Gradient Gradient)> _learned;
    private readonly Step? _numbers;

    private DistantTables(Session session, IReadOnlyList<(Variable Variable, Gradient Gradient)> learned, IReadOnlyList<Value> feeds, IReadOnlyList<(int Learned, Value Numbers, Value Rows)> reads)
    {
        (_learned, Reads) = (learned, reads);
        if (reads.Count > 0) _numbers = session.Compile(feeds, [.. reads.Select(r => r.Numbers)]);
    }

    /// <summary>Each read: the number of the variable among those learned, the numbers of the rows, and the rows, which the step is to be fed in this order.</summary>
    public IReadOnlyList<(int Learned, Value Numbers, Value Rows)> Reads { get; }

    /// <summary>The numbers of the tables among the learned variables.</summary>
    public IReadOnlySet<int> Tables => Reads.Select(r => r.Learned).ToHashSet();

    /// <summary>Finds those of a step.</summary>
    /// <param name="session">What runs it.</param>
    /// <param name="learned">The learned variables and their gradients.</param>
    /// <param name="feeds">What the step is fed.</param>
    /// <param name="results">What it computes.</param>
    public static DistantTables Of(Session session, IReadOnlyList<(Variable Variable, Gradient Gradient)> learned, IReadOnlyList<Value> feeds, IReadOnlyList<Value> results)
    {
        var nodes = NodesOf(results, feeds);
        var reads = new List<(int Learned, Value Numbers, Value Rows)>();
        for (var i = 0; i < learned.Count; i++)
        {
            var table = learned[i].Variable.Value;
            var readers = nodes.Where(n => n.Inputs.Contains(table)).ToList();
            if (learned[i].Gradient.IsSparse && readers.Count > 0 && readers.TrueForAll(n => n.Operation is Gather && n.Inputs[0] == table && n.Inputs[1] != table))
                reads.AddRange(readers.Select(n => (i, n.Inputs[1], n.Outputs[0])));
        }
        // Numbers that depend on rows of another table are known too late.
        var tables = reads.Select(r => learned[r.Learned].Variable.Value.Node).ToHashSet();
        return new(session, learned, feeds, reads.TrueForAll(r => !NodesOf([r.Numbers], feeds).Overlaps(tables)) ? reads : []);
    }

    /// <summary>Fetches the rows that a step reads.</summary>
    /// <param name="remote">From where.</param>
    /// <param name="feeds">What the step is fed.</param>
    /// <param name="rows">Receives the rows, one tensor for each read; may be empty at first. One that is there and has the right shape is used again.</param>
    public void Fetch(IRemoteUpdate remote, ReadOnlySpan<Tensor> feeds, Span<Tensor> rows)
    {
        if (_numbers is null) return;
        var numbers = _numbers.Run(feeds);
        var requests = new RowRequest[numbers.Count];
        for (var i = 0; i < requests.Length; i++)
        {
            var shape = numbers[i].Shape.Append(_learned[Reads[i].Learned].Variable.TensorType.Shape.Dimensions[1..]);
            if (rows[i] is not { } place || place.Shape != shape) rows[i] = Tensor.Uninitialized(Reads[i].Rows.Type, shape);
            requests[i] = new(Reads[i].Learned, numbers[i], rows[i]);
        }
        remote.Fetch(requests);
    }

    /// <summary>All that is run for some results.</summary>
    private static HashSet<Node> NodesOf(IEnumerable<Value> results, IReadOnlyList<Value> feeds)
    {
        var found = new HashSet<Node>();
        var open = new Stack<Node>(results.Except(feeds).Select(r => r.Node));
        while (open.TryPop(out var node))
        {
            if (!found.Add(node)) continue;
            foreach (var input in node.Inputs.Except(feeds)) open.Push(input.Node);
            foreach (var before in node.After) open.Push(before);
        }
        return found;
    }
}
