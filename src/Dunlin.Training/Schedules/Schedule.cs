using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// A number that depends on how many updates have been made: a learning rate, say. One definition serves the graph, where it is computed in
/// double precision, and plain code such as plots. A number converts to a schedule that is always that number.
/// </summary>
/// <param name="function">The number at a step; steps count from 0.</param>
public sealed class Schedule(Func<Scalar, Scalar> function)
{
    /// <summary>Always the same number.</summary>
    public static implicit operator Schedule(double value) => new(_ => value);

    /// <summary>The number at a step.</summary>
    public double At(double step) => function(step).Number;

    /// <summary>The number at a step, as a Float32 scalar in the step's graph.</summary>
    /// <param name="step">The updates made so far: an Int64 scalar.</param>
    public Value At(Value step) => function(new Scalar(step.Cast(DType.Float64))).In(step.Graph).Cast(DType.Float32);

    /// <summary>The number at a step inside another schedule.</summary>
    internal Scalar At(Scalar step) => function(step);
}
