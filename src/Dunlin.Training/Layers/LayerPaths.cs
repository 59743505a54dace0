using System.Text;
using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>Which layer object stands under which path, and the variables made there: what contexts of one model share.</summary>
internal sealed class LayerPaths
{
    private readonly Dictionary<Layer, string> _paths = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public Dictionary<string, Variable> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>The context that may make variables; its twins find them.</summary>
    public BuildContext? Maker { get; set; }

    public string PathOf(Layer layer, string parent)
    {
        if (_paths.TryGetValue(layer, out var path)) return path;
        var wanted = Join(parent, layer.Name ?? SnakeCase(layer.Kind));
        path = wanted;
        for (var i = 1; !_taken.Add(path); i++)
        {
            if (layer.Name is not null) throw new DunlinException($"Two layers have the path {wanted}; give them different names, or use one object in both places to share its weights.");
            path = $"{wanted}_{i}";
        }
        return _paths[layer] = path;
    }

    public static string Join(string parent, string name) => parent.Length == 0 ? name : $"{parent}/{name}";

    /// <summary>MaxPool2d becomes max_pool2d.</summary>
    internal static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1])) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}
