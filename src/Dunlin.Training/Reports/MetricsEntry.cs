using System.Text.Json.Serialization;

namespace Dunlin.Training.Reports;

/// <summary>What was measured at one step: one line of a <see cref="MetricsLog"/>.</summary>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Epoch">The pass over the data.</param>
/// <param name="Time">Seconds since 1970-01-01 UTC.</param>
/// <param name="Values">Values by name; a slash groups names into one chart, as in <c>loss/train</c>.</param>
public sealed record MetricsEntry(long Step, long Epoch, double Time, IReadOnlyDictionary<string, double> Values);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MetricsEntry))]
internal sealed partial class MetricsJson : JsonSerializerContext;
