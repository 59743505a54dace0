using System.Reflection;

namespace Dunlin.Graphs.Tests.Golden;

/// <summary>What Dunlin computes in cases whose results another implementation has left in a file; see eng/golden/README.md.</summary>
/// <param name="Key">"Operation/case", or "Operation" for all of its cases that have no entry of their own.</param>
/// <param name="Function">The outputs, in the order of the file's; null where there are no cases.</param>
/// <param name="Tolerance">How far an element may be off, relative to its size: 10⁻¹⁰ unless set, and what 16 and 32 bits hold of outputs that have only those.</param>
/// <param name="Reason">Why there are no cases.</param>
internal sealed record GoldenCase(string Key, Func<Graph, IReadOnlyList<Value>, IReadOnlyList<Value>>? Function, double? Tolerance = null, string? Reason = null)
{
    public string Operation => Key.Split('/')[0];
}

/// <summary>The golden cases of every family: each static method here that returns them is found by itself.</summary>
internal static partial class GoldenCases
{
    public static IReadOnlyList<GoldenCase> All => Found.All;

    /// <summary>The entry for a case of the files; null where nobody has said what Dunlin computes.</summary>
    public static GoldenCase? For(string key) => Found.ByKey.GetValueOrDefault(key) ?? Found.ByKey.GetValueOrDefault(key.Split('/')[0]);

    /// <summary>A class of its own, so that the static fields of all parts are there before it looks.</summary>
    private static class Found
    {
        public static readonly IReadOnlyList<GoldenCase> All =
        [
            .. typeof(GoldenCases).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Where(m => m.ReturnType == typeof(IEnumerable<GoldenCase>) && m.GetParameters().Length == 0)
                .OrderBy(m => m.Name, StringComparer.Ordinal)
                .SelectMany(m => (IEnumerable<GoldenCase>)m.Invoke(null, [])!),
        ];

        public static readonly Dictionary<string, GoldenCase> ByKey = All.Where(c => c.Function is not null).ToDictionary(c => c.Key);
    }

    private static GoldenCase One(string key, Func<Value, Value> function, double? tolerance = null) => new(key, (_, x) => [function(x[0])], tolerance);

    private static GoldenCase Two(string key, Func<Value, Value, Value> function, double? tolerance = null) => new(key, (_, x) => [function(x[0], x[1])], tolerance);

    private static GoldenCase Three(string key, Func<Value, Value, Value, Value> function, double? tolerance = null) => new(key, (_, x) => [function(x[0], x[1], x[2])], tolerance);

    /// <summary>Any number of inputs and outputs.</summary>
    private static GoldenCase Many(string key, Func<IReadOnlyList<Value>, IReadOnlyList<Value>> function, double? tolerance = null) => new(key, (_, x) => function(x), tolerance);

    /// <summary>An operation without cases, and why.</summary>
    private static GoldenCase Without(string operation, string reason) => new(operation, null, Reason: reason);
}
