using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>A loss of a graph as a function of the elements of some variables, one after the other in one vector of doubles.</summary>
internal sealed class GraphObjective : IDisposable
{
    private readonly Session _session;
    private readonly IReadOnlyList<Variable> _variables;
    private readonly Step _step;
    private readonly Tensor[] _feeds;
    private readonly Tensor[] _results;

    public GraphObjective(Session session, Value loss, IReadOnlyList<Variable> variables, IReadOnlyList<(Value Value, Tensor Tensor)> feeds)
    {
        (_session, _variables, _feeds) = (session, variables, [.. feeds.Select(f => f.Tensor)]);
        foreach (var variable in variables)
            if (variable.TensorType.Type is not (DType.Float32 or DType.Float64)) throw new DunlinException($"L-BFGS minimises over variables of Float32 or Float64; {variable} is none.");
        if (loss.Type is not (DType.Float32 or DType.Float64)) throw new DunlinException($"L-BFGS minimises a loss of Float32 or Float64, not {loss}.");
        var gradients = Gradients.Of(loss, [.. variables]);
        for (var i = 0; i < gradients.Count; i++)
            if (gradients[i] is null) throw new DunlinException($"The loss {loss.Name} does not depend on the variable {variables[i].Name}; leave that out.");
        _step = session.Compile([.. feeds.Select(f => f.Value)], [loss, .. gradients.Select(g => g!.Dense())]);
        _results = [Tensor.Zeros(loss.Type, loss.Shape), .. variables.Select(v => Tensor.Zeros(v.TensorType.Type, v.TensorType.Shape))];
    }

    /// <summary>The variables' elements.</summary>
    public double[] Start()
    {
        var x = new double[_variables.Sum(v => v.TensorType.Shape.ElementCount)];
        var at = 0;
        foreach (var variable in _variables) at += Read(_session.Storage(variable), x.AsSpan(at));
        return x;
    }

    /// <summary>Gives the variables their elements.</summary>
    public void Set(ReadOnlySpan<double> x)
    {
        foreach (var variable in _variables)
        {
            var tensor = _session.Storage(variable);
            Elements.Write(tensor, 0, x[..(int)tensor.ElementCount]);
            x = x[(int)tensor.ElementCount..];
        }
    }

    /// <inheritdoc cref="Objective"/>
    public double Evaluate(ReadOnlySpan<double> x, Span<double> gradient)
    {
        Set(x);
        _step.Run(_feeds, _results);
        var at = 0;
        foreach (var result in _results.AsSpan(1)) at += Read(result, gradient[at..]);
        var loss = (stackalloc double[1]);
        Read(_results[0], loss);
        return loss[0];
    }

    public void Dispose() => _step.Dispose();

    private static int Read(Tensor tensor, Span<double> target)
    {
        var count = (int)tensor.ElementCount;
        if (tensor.Type == DType.Float64) tensor.Span<double>().CopyTo(target);
        else System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<float, double>(tensor.Span<float>(), target[..count]);
        return count;
    }
}
