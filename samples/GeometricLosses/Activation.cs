using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>An elementwise function Ψ with its first two derivatives, which a loss of derivatives needs.</summary>
public sealed record Activation(Func<Value, Value> Function, Func<Value, Value> First, Func<Value, Value> Second)
{
    public static Activation Tanh { get; } = new(z => z.Tanh(), z => 1 - z.Tanh().Square(), z => -2 * z.Tanh() * (1 - z.Tanh().Square()));

    public static Activation Identity { get; } = new(z => z, z => z.OnesLike(), z => z.ZerosLike());
}
