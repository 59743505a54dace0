using System.Reflection;
using System.Text.RegularExpressions;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.BadInput;

/// <summary>
/// Every operation is called with arguments that somebody might give it by mistake: wrong ranks, types and lengths, empty lists, axes that are not there, numbers
/// out of range. It makes a value, or says what is wrong in an error of ours that names an operation.
/// </summary>
public sealed partial class HostileCallTests
{
    private const int Graphs = 3;
    private const int CallsPerGraph = 8;
    private const long MostElements = 1 << 16;

    private static readonly MethodInfo[] Methods = [.. typeof(Operations).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(m => !m.IsGenericMethod).OrderBy(m => m.ToString(), StringComparer.Ordinal)];

    private static readonly HashSet<string> Names =
    [
        .. Methods.Select(m => m.Name),
        .. typeof(Operation).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Operation))).Select(t => t.Name),
        .. typeof(Operation).Assembly.GetTypes().SelectMany(t => t.GetFields(BindingFlags.Public | BindingFlags.Static)).Where(f => f.FieldType.IsSubclassOf(typeof(Operation))).Select(f => ((Operation)f.GetValue(null)!).Name),
        .. Enum.GetNames<Reducer>().SelectMany(r => (string[])[$"Reduce{r}", $"Cumulative{r}"]),
        .. Enum.GetNames<Distribution>().Select(d => $"Random{d}"),
        "SparseMatrix",
    ];

    [Fact]
    public void Whatever_an_operation_is_given_it_works_or_says_what_is_wrong()
    {
        var (faults, calls, made, ran) = (new SortedDictionary<string, string>(StringComparer.Ordinal), 0, 0, 0);
        var unknown = new HashSet<string>();
        for (var seed = 0; seed < Graphs; seed++)
        {
            var arguments = new HostileArguments(seed);
            using var session = new Session(arguments.Graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed, Output = TextWriter.Null });
            foreach (var method in Methods)
                for (var call = 0; call < CallsPerGraph; call++)
                {
                    object?[]? given;
                    try { given = arguments.For(method); }
                    catch (DunlinException) { continue; }
                    if (given is null)
                    {
                        unknown.Add(string.Join(", ", method.GetParameters().Select(p => p.ParameterType.Name)) + " of " + method.Name);
                        continue;
                    }
                    calls++;
                    try
                    {
                        var values = ValuesOf(Invoke(method, given));
                        made++;
                        if (Run(session, arguments, values)) ran++;
                    }
                    catch (DunlinException e) when (IsClear(e.Message)) { }
                    catch (Exception e)
                    {
                        var text = e is DunlinException ? $"does not say who speaks: {e.Message}" : $"{e.GetType().Name}: {e.Message.Split('\n')[0]}\n    {string.Join("\n    ", e.StackTrace!.Split('\n').Select(l => l.Trim()).Where(l => l.Contains("Dunlin.")).Take(4))}";
                        faults.TryAdd($"{method.Name}", $"({string.Join(", ", given.Select(Show))}) {text}");
                    }
                }
        }
        Assert.Empty(unknown);
        Assert.True(faults.Count == 0, $"{faults.Count} of {Methods.Length} operations ({calls} calls, {made} made, {ran} ran):\n{string.Join('\n', faults.Select(f => f.Key + f.Value))}");
        // The test would be worth little if nothing ever fitted.
        Assert.InRange(made, calls / 20, calls);
        Assert.InRange(ran, calls / 100, calls);
    }

    private static object? Invoke(MethodInfo method, object?[] arguments) =>
        method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private static List<Value> ValuesOf(object? result) => result switch
    {
        Value value => [value],
        IEnumerable<Value> values => [.. values],
        SparseMatrix matrix => [matrix.Indices, matrix.Values],
        System.Runtime.CompilerServices.ITuple tuple => [.. Enumerable.Range(0, tuple.Length).SelectMany(i => ValuesOf(tuple[i]))],
        _ => [],
    };

    /// <summary>Runs what was made, unless it is large; returns whether it did.</summary>
    private static bool Run(Session session, HostileArguments arguments, List<Value> values)
    {
        values = [.. values.Where(v => v.Type != DType.List)];
        if (values.Count == 0) return false;
        var feeds = Leaves(values);
        if (feeds is null) return false;
        using var step = session.Compile(feeds, values);
        step.Run([.. feeds.Select(f => arguments.Feed(f.TensorType))]);
        return true;
    }

    /// <summary>The placeholders that values depend on; null where something on the way is large.</summary>
    private static List<Value>? Leaves(IEnumerable<Value> values)
    {
        var (leaves, seen, open) = (new List<Value>(), new HashSet<Node>(), new Stack<Node>(values.Select(v => v.Node)));
        while (open.TryPop(out var node))
        {
            if (!seen.Add(node)) continue;
            foreach (var output in node.Outputs)
                if (output.Shape.Dimensions.ToArray().Aggregate(1.0, (n, d) => n * Math.Max(1, d)) > MostElements) return null;
            if (node.Operation is Placeholder) leaves.Add(node.Outputs[0]);
            foreach (var input in node.Inputs) open.Push(input.Node);
        }
        return leaves;
    }

    private static bool IsClear(string message) => !message.Contains("(Parameter", StringComparison.Ordinal) && Word().Matches(message).Any(m => Names.Contains(m.Groups[1].Value));

    private static string Show(object? argument) => argument switch
    {
        null => "null",
        string text => $"\"{text}\"",
        System.Collections.IEnumerable list => $"[{string.Join(", ", list.Cast<object>())}]",
        _ => argument.ToString()!,
    };

    /// <summary>A name without the number that makes a node's unique.</summary>
    [GeneratedRegex(@"([A-Za-z]\w*?)(_\d+)?(?!\w)")]
    private static partial Regex Word();
}
