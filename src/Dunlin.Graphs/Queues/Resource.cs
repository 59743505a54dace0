namespace Dunlin.Graphs;

/// <summary>State that outlives a step and is no variable: a session holds it from its first use to its end.</summary>
public abstract class Resource
{
    /// <summary>Creates the description.</summary>
    /// <param name="name">What messages call it.</param>
    protected Resource(string name)
    {
        Require.NotBlank(GetType().Name, name);
        Name = name;
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Makes a session's state. When the session ends it is disposed.</summary>
    internal abstract IDisposable CreateState();
}
