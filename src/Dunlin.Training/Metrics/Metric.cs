using Dunlin.Graphs;

namespace Dunlin.Training;

/// <summary>A measure of predictions for people to read; not differentiated.</summary>
/// <param name="Name">As it stands in logs, such as <c>accuracy</c>.</param>
/// <param name="Mean">Gives the mean over the batch, a Float32 scalar, of predictions and targets.</param>
/// <param name="HigherIsBetter">Whether to prefer models with more of it.</param>
public sealed record Metric(string Name, Func<Value, Value, Value> Mean, bool HigherIsBetter);
