using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Dunlin.Graphs.Tests.Documents;

/// <summary>The documentation comments of an assembly, as Markdown.</summary>
internal sealed partial class XmlDocumentation
{
    private readonly Dictionary<string, XElement> _members;

    public XmlDocumentation(Assembly assembly) =>
        _members = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member").ToDictionary(m => m.Attribute("name")!.Value);

    /// <summary>The name of a type or field in documentation files.</summary>
    public static string Id(MemberInfo member) => member is Type type ? $"T:{type.FullName}" : $"F:{member.DeclaringType!.FullName}.{member.Name}";

    public IEnumerable<string> Members(string prefix) => _members.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>The text of a part; empty where there is none.</summary>
    public string Text(string id, string part) => _members.GetValueOrDefault(id)?.Element(part) is { } element ? Markdown(element) : "";

    public IEnumerable<(string Name, string Text)> Parameters(string id) =>
        _members.GetValueOrDefault(id)?.Elements("param").Select(p => (p.Attribute("name")!.Value, Markdown(p))) ?? [];

    /// <summary>What a comment refers to.</summary>
    public IEnumerable<string> References(string id) => _members[id].Descendants().Attributes("cref").Select(a => a.Value);

    private static string Markdown(XElement element) => Space().Replace(string.Concat(element.Nodes().Select(Markdown)), " ").Trim();

    private static string Markdown(XNode node) => node switch
    {
        // What Markdown would take for emphasis or HTML.
        XText text => text.Value.Replace("*", "\\*", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal),
        XElement { Name.LocalName: "see" or "seealso" or "paramref" or "typeparamref" } e => $"`{Short(e.Attributes().First().Value)}`",
        XElement { Name.LocalName: "c" } e => $"`{e.Value}`",
        XElement e => $" {Markdown(e)} ",
        _ => "",
    };

    /// <summary>"T:Dunlin.Graphs.Ops.Softmax" is Softmax; "M:….Operations.Softmax(…)" and "F:….Unary.Exp" too lose what stands before the name.</summary>
    private static string Short(string reference) => reference.Split('(')[0].Split('.', ':')[^1];

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
