using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Variables and the files that hold them.</summary>
internal static class Variables
{
    /// <summary>Gives variables the elements of the tensors of the names beside them.</summary>
    /// <exception cref="DunlinException">A tensor is missing, left over, or of another type: the message names it and both sides.</exception>
    public static void Load(Session session, IEnumerable<(string Name, Variable Variable)> variables, IReadOnlyDictionary<string, Tensor> tensors, string source) =>
        Load(session, variables, tensors.Keys.ToHashSet(), name => tensors[name], source, 0);

    /// <summary>Gives variables the elements of tensors that are read one at a time, or this worker's pieces of them.</summary>
    /// <inheritdoc cref="Load(Session, IEnumerable{ValueTuple{string, Variable}}, IReadOnlyDictionary{string, Tensor}, string)"/>
    public static void Load(Session session, IEnumerable<(string Name, Variable Variable)> variables, ITensorSource tensors, string source, int rank) =>
        Load(session, variables, tensors.Names.ToHashSet(), tensors.Load, source, rank);

    private static void Load(Session session, IEnumerable<(string Name, Variable Variable)> variables, IReadOnlySet<string> names, Func<string, Tensor> load, string source, int rank)
    {
        var wanted = variables.ToList();
        foreach (var (name, variable) in wanted)
        {
            if (!names.Contains(name))
                throw new DunlinException($"{source} has no tensor {name}, which the model needs; it holds {Names(names)}. Was it saved by another model or optimiser?");
            var tensor = load(name);
            if (tensor.TensorType != variable.WholeType)
                throw new DunlinException($"{source}: {name} is {tensor} there, but {variable.WholeType} in the model.");
            if (variable.Cut is { } cut) Pieces.Take(tensor, cut, rank, session.Storage(variable));
            else session.Set(variable, tensor);
        }
        if (names.Except(wanted.Select(w => w.Name)).FirstOrDefault() is { } extra)
            throw new DunlinException($"{source} holds a tensor {extra} that the model has not. Was it saved by another model or optimiser?");
    }

    private static string Names(IEnumerable<string> names)
    {
        var list = names.ToList();
        return list.Count == 0 ? "none" : string.Join(", ", list.Take(8)) + (list.Count > 8 ? $" and {list.Count - 8} more" : "");
    }
}
