using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Variables and the files that hold them.</summary>
internal static class Variables
{
    /// <summary>Gives variables the elements of the tensors of the names beside them.</summary>
    /// <exception cref="DunlinException">A tensor is missing, left over, or of another type: the message names it and both sides.</exception>
    public static void Load(Session session, IEnumerable<(string Name, Variable Variable)> variables, IReadOnlyDictionary<string, Tensor> tensors, string source) =>
        Load(session, variables, tensors.Keys.ToHashSet(), name => tensors[name].TensorType, name => tensors[name], (name, target) => tensors[name].CopyTo(target), source, 0);

    /// <summary>Gives variables the elements of tensors that are read one at a time to where they belong, or this worker's pieces of them.</summary>
    /// <inheritdoc cref="Load(Session, IEnumerable{ValueTuple{string, Variable}}, IReadOnlyDictionary{string, Tensor}, string)"/>
    public static void Load(Session session, IEnumerable<(string Name, Variable Variable)> variables, ITensorSource tensors, string source, int rank) =>
        Load(session, variables, tensors.Names.ToHashSet(), tensors.TypeOf, tensors.Load, tensors.Load, source, rank);

    private static void Load(
        Session session, IEnumerable<(string Name, Variable Variable)> variables, IReadOnlySet<string> names, Func<string, TensorType> typeOf, Func<string, Tensor> load, Action<string, Tensor> loadTo, string source, int rank)
    {
        var wanted = variables.ToList();
        foreach (var (name, variable) in wanted)
        {
            if (!names.Contains(name))
                throw new DunlinException($"{source} has no tensor {name}, which the model needs; it holds {Names(names)}. Was it saved by another model or optimiser?");
            var type = typeOf(name);
            if (type != variable.WholeType)
                throw new DunlinException($"{source}: {name} is {type} there, but {variable.WholeType} in the model.");
            if (variable.Cut is { } cut) Pieces.Take(load(name), cut, rank, session.Storage(variable));
            else session.Set(variable, target => loadTo(name, target));
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
