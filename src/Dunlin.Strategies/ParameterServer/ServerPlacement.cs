using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A variable that servers hold for workers.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Type">Its element type and shape.</param>
internal sealed record ServedVariable(string Name, TensorType Type)
{
    /// <summary>Whether only rows of it travel, or nothing: it takes memory, and next to nothing of the network.</summary>
    public bool Stays { get; init; }

    /// <summary>Whether servers compute with it, so that each should have a part.</summary>
    public bool IsSpread { get; init; }

    /// <summary>All that a model learns.</summary>
    public static IReadOnlyList<ServedVariable> Of(RemoteModel model) =>
        [.. model.Learned.Select((l, i) => new ServedVariable(l.Variable.Name, l.Variable.TensorType) { Stays = model.Tables.Contains(i) || model.Classes.Contains(i), IsSpread = model.Classes.Contains(i) })];

    /// <summary>The numbers of those whose gradients are rows.</summary>
    public static IReadOnlySet<int> SparseOf(RemoteModel model) => Enumerable.Range(0, model.Learned.Count).Where(i => model.Learned[i].Gradient.IsSparse).ToHashSet();
}

/// <summary>Some rows of a variable, or all of it, on one server.</summary>
/// <param name="Variable">The number of the variable.</param>
/// <param name="Server">The number of the server.</param>
/// <param name="FirstRow">The first row; of all of it, 0.</param>
/// <param name="Type">What lies there: the variable's element type, and its shape, with the number of rows that are here.</param>
/// <param name="IsWhole">Whether that is all of it.</param>
internal sealed record Slice(int Variable, int Server, int FirstRow, TensorType Type, bool IsWhole);

/// <summary>
/// Which server holds what. What travels whole comes first: variables by bytes, the largest first, each to the server that has least; one that is larger than a server's share is cut by rows. So the network's load is even. Then tables,
/// in the same way, by the memory that they take.
/// </summary>
internal sealed class ServerPlacement
{
    private ServerPlacement(IReadOnlyList<Slice> slices) => Slices = slices;

    /// <summary>All slices, in the order of the variables and of their rows.</summary>
    public IReadOnlyList<Slice> Slices { get; }

    /// <summary>What a server holds, in that order.</summary>
    public IReadOnlyList<Slice> Of(int server) => [.. Slices.Where(s => s.Server == server)];

    /// <summary>Places variables on a number of servers. The same variables and number give the same places.</summary>
    public static ServerPlacement Over(IReadOnlyList<ServedVariable> variables, int servers)
    {
        var load = new long[servers];
        var placed = new List<Slice>();
        foreach (var group in variables.Select((variable, number) => (Variable: variable, Number: number)).GroupBy(v => v.Variable.Stays).OrderBy(g => g.Key))
        {
            var share = (group.Sum(v => v.Variable.Type.Bytes) + servers - 1) / servers;
            foreach (var (variable, number) in group.Where(v => v.Variable.IsSpread))
                placed.AddRange(Cut(number, variable.Type, (variable.Type.Bytes + servers - 1) / servers).Select((piece, place) => piece with { Server = place % servers }));
            var pieces = group.Where(v => !v.Variable.IsSpread).SelectMany(v => Cut(v.Number, v.Variable.Type, share));
            foreach (var piece in pieces.OrderByDescending(p => p.Type.Bytes).ThenBy(p => p.Variable).ThenBy(p => p.FirstRow))
            {
                var server = Array.IndexOf(load, load.Min());
                load[server] += piece.Type.Bytes;
                placed.Add(piece with { Server = server });
            }
        }
        return new([.. placed.OrderBy(p => p.Variable).ThenBy(p => p.FirstRow)]);
    }

    /// <summary>As few pieces as can be that are no larger than a share, of rows as equal as can be; one that can't be cut is whole.</summary>
    private static IEnumerable<Slice> Cut(int variable, TensorType type, long share)
    {
        var rows = type.Shape.Rank == 0 ? 1 : type.Shape[0];
        var parts = type.Bytes <= share ? 1 : (int)Math.Min(rows, (type.Bytes + share - 1) / share);
        if (parts <= 1) return [new(variable, 0, 0, type, IsWhole: true)];
        return Enumerable.Range(0, parts).Select(p => (First: (int)((long)rows * p / parts), End: (int)((long)rows * (p + 1) / parts)))
            .Select(r => new Slice(variable, 0, r.First, type with { Shape = type.Shape.With(0, r.End - r.First) }, IsWhole: false));
    }
}
