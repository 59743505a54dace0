using Dunlin.Training.Data;

namespace Dunlin.Tests;

/// <summary>A test that needs a speech synthesiser.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EspeakFactAttribute : FactAttribute
{
    public EspeakFactAttribute() => Skip = Missing;

    /// <summary>What is missing; null where nothing is.</summary>
    private static string? Missing { get; } = EspeakNg.IsInstalled() ? null : "needs libespeak-ng.so.1, of the package espeak-ng";
}
