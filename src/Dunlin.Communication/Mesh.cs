using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// The ranks as a grid with named axes, such as "data" × "pipe". The last axis runs fastest: neighbours along it have neighbouring
/// ranks. Along each axis this rank has a line of ranks that differ from it in that coordinate only.
/// </summary>
public sealed class Mesh : IDisposable
{
    private readonly Line[] _lines;

    private Mesh(ICommunicator world, Line[] lines)
    {
        World = world;
        _lines = lines;
    }

    /// <summary>All ranks.</summary>
    public ICommunicator World { get; }

    /// <summary>The names of the axes, in order.</summary>
    public IEnumerable<string> AxisNames => _lines.Select(line => line.Name);

    /// <summary>Lays the ranks out along the axes. Every rank calls with the same axes.</summary>
    /// <param name="communicator">Becomes <see cref="World"/>, and the mesh's to dispose.</param>
    /// <param name="axes">Unique names and lengths of at least 1, whose product is the number of ranks.</param>
    /// <exception cref="CommunicationException">The axes do not fit the ranks.</exception>
    public static Mesh Create(ICommunicator communicator, params (string Name, int Size)[] axes)
    {
        Expect(communicator, axes);
        var lines = new Line[axes.Length];
        var stride = communicator.Size;
        for (var i = 0; i < axes.Length; i++)
        {
            var (name, size) = axes[i];
            stride /= size;
            var coordinate = communicator.Rank / stride % size;
            lines[i] = new(name, communicator.Split(color: communicator.Rank - coordinate * stride, key: coordinate));
        }
        return new Mesh(communicator, lines);
    }

    /// <summary>A mesh of one rank, whose axes all have length 1.</summary>
    public static Mesh Single(params string[] axes) => Create(LocalGroup.Create(1)[0], [.. axes.Select(name => (name, 1))]);

    /// <summary>Whether there is an axis of that name.</summary>
    public bool HasAxis(string name) => _lines.Any(line => line.Name == name);

    /// <summary>This rank's line along an axis; its rank there is its coordinate.</summary>
    /// <exception cref="CommunicationException">There is no such axis.</exception>
    public ICommunicator Axis(string name)
    {
        foreach (var line in _lines)
        {
            if (line.Name == name) return line.Communicator;
        }
        throw new CommunicationException($"The mesh {this} has no axis \"{name}\".");
    }

    /// <summary>This rank's place along an axis, from 0.</summary>
    /// <exception cref="CommunicationException">There is no such axis.</exception>
    public int Coordinate(string name) => Axis(name).Rank;

    /// <summary>An axis's length.</summary>
    /// <exception cref="CommunicationException">There is no such axis.</exception>
    public int AxisSize(string name) => Axis(name).Size;

    /// <summary>Leaves all lines and the world.</summary>
    public void Dispose()
    {
        foreach (var line in _lines) line.Communicator.Dispose();
        World.Dispose();
    }

    /// <summary>Such as <c>data 2 × pipe 2</c>.</summary>
    public override string ToString() => Describe(_lines.Select(line => (line.Name, line.Communicator.Size)));

    private static void Expect(ICommunicator communicator, (string Name, int Size)[] axes)
    {
        if (axes.FirstOrDefault(axis => axis.Size < 1) is { Name: not null } bad)
            throw new CommunicationException($"The mesh axis \"{bad.Name}\" has length {bad.Size}; axes have at least length 1.");
        if (axes.GroupBy(axis => axis.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new CommunicationException($"The mesh {Describe(axes)} names the axis \"{twice.Key}\" twice.");
        var product = axes.Aggregate(1L, (ranks, axis) => Math.Min(ranks * axis.Size, int.MaxValue));
        if (product != communicator.Size)
            throw new CommunicationException(
                $"The mesh {Describe(axes)} has {product} places for {communicator.Size} ranks; the product of its axes must be the number of ranks.");
    }

    private static string Describe(IEnumerable<(string Name, int Size)> axes) =>
        string.Join(" × ", axes.Select(axis => $"{axis.Name} {axis.Size}")) is { Length: > 0 } text ? text : "of no axes";

    private sealed record Line(string Name, ICommunicator Communicator);
}
