using System.Reflection;
using System.Runtime.CompilerServices;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

/// <summary>A function to differentiate, and the operation that it is there to check.</summary>
/// <param name="Operation">The operation's key, see <see cref="OperationCases.Key"/>.</param>
/// <param name="Function">Computes a Float64 value.</param>
/// <param name="Inputs">Where to differentiate it.</param>
/// <param name="Twice">Whether its gradient can be differentiated again.</param>
internal sealed record OperationCase(string Operation, Func<Graph, IReadOnlyList<Value>, Value> Function, Tensor[] Inputs, bool Twice = true);

/// <summary>An operation of the catalogue.</summary>
/// <param name="Key">Its name there, see <see cref="OperationCases.Key"/>.</param>
/// <param name="Member">Its type, or the field of a table that holds it.</param>
/// <param name="Sample">One such operation. What is said here does not depend on attributes, so it may be without any.</param>
internal sealed record CatalogueEntry(string Key, MemberInfo Member, Operation Sample)
{
    /// <summary>Why it has no gradient; null where it has one.</summary>
    public string? NoGradientReason => Sample.NoGradientReason;

    /// <summary>Whether there is a rule that does many examples at once.</summary>
    public bool IsVectorized => Sample.TakesLeadingDimensions
        || Overrides(nameof(Operation.Vectorized)) || Overrides(nameof(Operation.VectorizedEach));

    private bool Overrides(string method) => Sample.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.DeclaringType != typeof(Operation);
}

/// <summary>The gradient checks of every operation, by operation; and every operation there is.</summary>
internal static partial class OperationCases
{
    /// <summary>Each static method here that returns cases is found by itself.</summary>
    public static IReadOnlyList<OperationCase> All => Found.All;

    /// <summary>An operation's name in the catalogue: its type's, or its own for a member of a table.</summary>
    public static string Key(Operation operation) => Tables.Contains(operation.GetType()) ? operation.Name : operation.GetType().Name;

    private static readonly HashSet<Type> Tables = [.. typeof(Operation).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Operation)) && Members(t).Count > 0)];

    /// <summary>Every operation and every member of a table.</summary>
    public static IEnumerable<CatalogueEntry> Catalogue() =>
        typeof(Operation).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(Operation)) && !t.IsAbstract && !t.IsNested && t.Namespace == typeof(Unary).Namespace)
            .SelectMany(t => Members(t) is { Count: > 0 } members ? members : [new CatalogueEntry(t.Name, t, (Operation)RuntimeHelpers.GetUninitializedObject(t))]);

    /// <summary>The members of a table, an operation that holds others of its own type.</summary>
    private static List<CatalogueEntry> Members(Type type) =>
    [
        .. type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == type)
            .Select(f => ((Operation)f.GetValue(null)!, f)).Select(m => new CatalogueEntry(m.Item1.Name, m.f, m.Item1)),
    ];

    /// <summary>A class of its own, so that the static fields of all parts are there before it looks.</summary>
    private static class Found
    {
        public static readonly IReadOnlyList<OperationCase> All =
        [
            .. typeof(OperationCases).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Where(m => m.ReturnType == typeof(IEnumerable<OperationCase>) && m.GetParameters().Length == 0)
                .OrderBy(m => m.Name, StringComparer.Ordinal)
                .SelectMany(m => (IEnumerable<OperationCase>)m.Invoke(null, [])!),
        ];
    }

    private static OperationCase One(string operation, Func<Value, Value> function, Tensor input) => new(operation, (_, x) => function(x[0]), [input]);

    private static OperationCase Two(string operation, Func<Value, Value, Value> function, Tensor a, Tensor b) => new(operation, (_, x) => function(x[0], x[1]), [a, b]);
}
