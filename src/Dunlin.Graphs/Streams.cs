using System.Text;

namespace Dunlin.Graphs;

/// <summary>Numbers for random streams from names, the same in every run and on every rank.</summary>
public static class Streams
{
    /// <summary>FNV-1a of the name's UTF-8 bytes.</summary>
    public static ulong Of(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(name)) hash = (hash ^ b) * 1099511628211UL;
        return hash;
    }
}
