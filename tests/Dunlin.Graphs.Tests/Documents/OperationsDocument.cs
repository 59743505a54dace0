using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Documents;

/// <summary>docs/operations.md: every operation by family, from its documentation comments and from what its shape rule takes.</summary>
internal static partial class OperationsDocument
{
    public static readonly string File = Path.Combine(SourceFolders.Root, "docs/operations.md");

    private static readonly XmlDocumentation Comments = new(typeof(Operation).Assembly);

    private static readonly string Prefix = $"M:{typeof(Operations).FullName}.";

    public static string Write()
    {
        var operations = OperationCases.Catalogue().ToLookup(o => SourceFolders.FamilyOf(o.Key));
        var composed = Comments.Members(Prefix).Where(m => IsPublic(MethodName(m)) && Comments.Text(m, "summary").Length > 0).ToLookup(m => SourceFolders.FamilyOf(MethodName(m)));
        string[] families = [.. operations.Select(f => f.Key).Union(composed.Select(f => f.Key)).Order(StringComparer.Ordinal)];
        var text = new StringBuilder($"""
            # Operations

            Written by `eng/operations` from the documentation comments in `src/Dunlin.Graphs/Ops` and from what each shape rule takes; a test compares. *Floats* are Float32, Float64,
            BFloat16 and Float16. Inputs are numbered from 0. dy is the gradient with respect to the output y. {operations.Sum(f => f.Count())} operations, and the methods made of them.
            [Vectorisation](differentiation.md) does many examples at once by {operations.Sum(f => f.Count(o => o.IsVectorized))} of them; the others say why each example is done by itself.

            {string.Join(", ", families.Select(f => $"[{Title(f)}](#{Title(f).ToLowerInvariant().Replace(' ', '-')})"))}

            """);
        foreach (var family in families)
        {
            text.Append($"\n## {Title(family)}\n");
            foreach (var operation in operations[family].OrderBy(o => o.Key, StringComparer.Ordinal)) Describe(operation, text);
            if (!composed[family].Any()) continue;
            text.Append("\n### Methods\n\n");
            foreach (var method in composed[family]) text.Append($"- `{MethodName(method)}`: {Comments.Text(method, "summary")}\n");
        }
        return text.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>What an operation is, without its gradient, which tables put into the same comment.</summary>
    public static string Summary(CatalogueEntry operation) => Gradients().Replace(Comments.Text(XmlDocumentation.Id(operation.Member), "summary"), "").Trim();

    /// <summary>The sentence about the gradient, or why there is none; empty where nothing is said.</summary>
    public static string Gradient(CatalogueEntry operation)
    {
        var id = XmlDocumentation.Id(operation.Member);
        var said = new[] { "remarks", "summary" }.Select(part => Gradients().Match(Comments.Text(id, part)).Value).FirstOrDefault(s => s.Length > 0, "");
        return said.Length > 0 ? said : operation.NoGradientReason is { } reason ? $"No gradient: {reason}" : "";
    }

    private static void Describe(CatalogueEntry operation, StringBuilder text)
    {
        var id = XmlDocumentation.Id(operation.Member);
        text.Append($"\n### {operation.Key}\n\n{Summary(operation)}\n\n");
        foreach (var (name, meaning) in Comments.Parameters(id)) text.Append($"- `{name}`: {meaning}\n");
        // Several methods may lead to one operation: those that inherit its comment or speak of it.
        string[] methods = [.. Comments.Members(Prefix).Where(m => Comments.References(m).Contains(id)).Select(MethodName).Where(IsPublic).Distinct()];
        if (methods.Length > 0) text.Append($"- In C#: {string.Join(", ", methods.Select(m => $"`{m}`"))}\n");
        if (!ElementTypeTests.NotProbed.Contains(operation.Key)) DescribeTypes(operation.Key, text);
        text.Append($"- {Gradient(operation)}\n");
        if (!operation.IsVectorized) text.Append($"- Vectorised, each example by itself: {operation.Sample.NoVectorizationReason}\n");
    }

    private static void DescribeTypes(string key, StringBuilder text)
    {
        var probes = Probe.Of(key);
        if (probes.Count == 0) return;
        var example = probes[0];
        text.Append($"- For example: `{(example.Inputs.Length == 0 ? "()" : string.Join(", ", example.Types))}` → `{string.Join(", ", example.Operation.Infer(example.Types))}`\n");
        var accepted = new SortedDictionary<int, SortedSet<DType>>();
        foreach (var probe in probes)
            foreach (var (other, _, _) in probe.OtherTypes())
                for (var i = 0; i < other.Inputs.Length; i++)
                    (accepted.TryGetValue(i, out var types) ? types : accepted[i] = []).Add(other.Inputs[i].Type);
        if (accepted.Count == 0) return;
        var named = accepted.Select(a => (a.Key, Types: Name(a.Value))).ToList();
        text.Append($"- Element types: {(named.Select(n => n.Types).Distinct().Count() == 1 ? named[0].Types : string.Join("; ", named.GroupBy(n => n.Types).Select(g => $"{g.Key} for input {string.Join(", ", g.Select(n => n.Key))}")))}\n");
    }

    private static string Name(SortedSet<DType> types)
    {
        if (types.Count == Probe.EveryType.Length) return "any";
        var rest = types.Where(t => !t.IsFloat()).Select(t => t.ToString());
        return string.Join(", ", types.Count(t => t.IsFloat()) == 4 ? ["floats", .. rest] : types.Select(t => t.ToString()));
    }

    private static string MethodName(string id) => id[Prefix.Length..].Split('(', '`')[0];

    private static bool IsPublic(string method) => typeof(Operations).GetMember(method, BindingFlags.Public | BindingFlags.Static).Length > 0;

    /// <summary>"LinearAlgebra" is "Linear algebra".</summary>
    private static string Title(string family) => family[..1] + Capital().Replace(family[1..], m => $" {m.Value.ToLowerInvariant()}");

    /// <summary>From the word to the end of the comment: "Gradient: dy.", "Gradients: …", "Gradient with respect to the table: …", "No gradient: …".</summary>
    [GeneratedRegex(@"(?:Gradients?|No gradients?)\b[^:.]*: .*$")]
    private static partial Regex Gradients();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
