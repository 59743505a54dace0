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

/// <summary>The gradient checks of every operation, by operation; and every operation there is.</summary>
internal static partial class OperationCases
{
    /// <summary>The cases of every family: each static method here that returns them is found by itself.</summary>
    public static IReadOnlyList<OperationCase> All => Found.All;

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

    /// <summary>An operation's name in the catalogue: its type's, or its own for a member of a table.</summary>
    public static string Key(Operation operation) => operation is Unary or Binary or Comparison or Logical or FloatTest ? operation.Name : operation.GetType().Name;

    /// <summary>Every public operation and every member of a table, with the reason if it has no gradient.</summary>
    public static IEnumerable<(string Key, string? NoGradientReason)> Catalogue() =>
        typeof(Operation).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(Operation)) && !t.IsAbstract && !t.IsNested && t.Namespace == typeof(Unary).Namespace && !Tables.Contains(t))
            .Select(t => (t.Name, Reason(t)))
            .Concat(Members().Select(o => (Key(o), o.NoGradientReason)));

    private static readonly Type[] Tables = [typeof(Unary), typeof(Binary), typeof(Comparison), typeof(Logical), typeof(FloatTest)];

    private static IEnumerable<Operation> Members() =>
        Tables.SelectMany(t => t.GetFields(BindingFlags.Public | BindingFlags.Static)).Select(f => f.GetValue(null)).OfType<Operation>();

    /// <summary>The reasons do not depend on attributes, so an object without any will do.</summary>
    private static string? Reason(Type type) => ((Operation)RuntimeHelpers.GetUninitializedObject(type)).NoGradientReason;

    private static OperationCase One(string operation, Func<Value, Value> function, Tensor input) => new(operation, (_, x) => function(x[0]), [input]);

    private static OperationCase Two(string operation, Func<Value, Value, Value> function, Tensor a, Tensor b) => new(operation, (_, x) => function(x[0], x[1]), [a, b]);
}
