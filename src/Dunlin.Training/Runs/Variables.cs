using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Variables and the files that hold them.</summary>
internal static class Variables
{
    /// <summary>Gives variables the elements of the tensors of the names beside them.</summary>
    /// <exception cref="DunlinException">A tensor is missing, left over, or of another type: the message names it and both sides.</exception>
    public static void Load(Session session, IEnumerable<(string Name, Variable Variable)> variables, IReadOnlyDictionary<string, Tensor> tensors, string source)
    {
        var wanted = variables.ToList();
        foreach (var (name, variable) in wanted)
        {
            if (!tensors.TryGetValue(name, out var tensor))
                throw new DunlinException($"{source} has no tensor {name}, which the model needs; it holds {Names(tensors.Keys)}. Was it saved by another model or optimiser?");
            if (tensor.TensorType != variable.TensorType)
                throw new DunlinException($"{source}: {name} is {tensor} there, but {variable.TensorType} in the model.");
            session.Set(variable, tensor);
        }
        if (tensors.Keys.Except(wanted.Select(w => w.Name)).FirstOrDefault() is { } extra)
            throw new DunlinException($"{source} holds a tensor {extra} that the model has not. Was it saved by another model or optimiser?");
    }

    private static string Names(IEnumerable<string> names)
    {
        var list = names.ToList();
        return list.Count == 0 ? "none" : string.Join(", ", list.Take(8)) + (list.Count > 8 ? $" and {list.Count - 8} more" : "");
    }
}
