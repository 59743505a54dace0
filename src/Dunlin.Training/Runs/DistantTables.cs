using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// Tables that a step only reads rows of, by numbers that are known before: such as those of embeddings and of sampled classes. The rows may then be fetched from where the table is, and stand in the step for what would be read
/// here; the table itself is not needed.
/// </summary>
internal sealed class DistantTables
{
    private DistantTables(IReadOnlyList<(int Learned, Value Numbers, Value Rows)> reads) => Reads = reads;

    /// <summary>Each read: the number of the variable among those learned, the numbers of the rows, and the rows.</summary>
    public IReadOnlyList<(int Learned, Value Numbers, Value Rows)> Reads { get; }

    /// <summary>The numbers of the tables among the learned variables.</summary>
    public IReadOnlySet<int> Tables => Reads.Select(r => r.Learned).ToHashSet();

    /// <summary>Finds those of a step.</summary>
    /// <param name="learned">The learned variables and their gradients.</param>
    /// <param name="feeds">What the step is fed.</param>
    /// <param name="results">What it computes.</param>
    public static DistantTables Of(IReadOnlyList<(Variable Variable, Gradient Gradient)> learned, IReadOnlyList<Value> feeds, IReadOnlyList<Value> results)
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
        return new(reads.TrueForAll(r => !NodesOf([r.Numbers], feeds).Overlaps(tables)) ? reads : []);
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
