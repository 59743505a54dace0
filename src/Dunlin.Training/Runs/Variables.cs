using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Variables and the files that hold them.</summary>
internal static class Variables
{
    /// <summary>Gives variables the elements of the tensors of their names.</summary>
    /// <exception cref="DunlinException">A tensor is missing, left over, or of another type: the message names it and both sides.</exception>
    public static void Load(Session session, IEnumerable<Variable> variables, IReadOnlyDictionary<string, Tensor> tensors, string source)
    {
        var wanted = variables.ToList();
        foreach (var variable in wanted)
        {
            if (!tensors.TryGetValue(variable.Name, out var tensor))
                throw new DunlinException($"{source} has no tensor {variable.Name}, which the model needs; it holds {Names(tensors.Keys)}. Was it saved by another model or optimiser?");
            if (tensor.TensorType != variable.TensorType)
                throw new DunlinException($"{source}: {variable.Name} is {tensor} there, but {variable.TensorType} in the model.");
            session.Set(variable, tensor);
        }
        if (tensors.Keys.Except(wanted.Select(v => v.Name)).FirstOrDefault() is { } extra)
            throw new DunlinException($"{source} holds a tensor {extra} that the model has not. Was it saved by another model or optimiser?");
    }

    private static string Names(IEnumerable<string> names)
    {
        var list = names.ToList();
        return list.Count == 0 ? "none" : string.Join(", ", list.Take(8)) + (list.Count > 8 ? $" and {list.Count - 8} more" : "");
    }
}
