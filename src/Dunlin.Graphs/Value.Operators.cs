using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <content>Operators, so that model code reads like mathematics. Numbers take the other side's element type.</content>
public sealed partial class Value
{
    /// <inheritdoc cref="Binary.Add"/>
    public static Value operator +(Value a, Value b) => a.Graph.Add(Binary.Add, [a, b]);

    /// <inheritdoc cref="Binary.Add"/>
    public static Value operator +(Value a, double b) => a + a.Number(b);

    /// <inheritdoc cref="Binary.Add"/>
    public static Value operator +(double a, Value b) => b.Number(a) + b;

    /// <inheritdoc cref="Binary.Subtract"/>
    public static Value operator -(Value a, Value b) => a.Graph.Add(Binary.Subtract, [a, b]);

    /// <inheritdoc cref="Binary.Subtract"/>
    public static Value operator -(Value a, double b) => a - a.Number(b);

    /// <inheritdoc cref="Binary.Subtract"/>
    public static Value operator -(double a, Value b) => b.Number(a) - b;

    /// <inheritdoc cref="Unary.Negate"/>
    public static Value operator -(Value x) => x.Graph.Add(Unary.Negate, [x]);

    /// <inheritdoc cref="Binary.Multiply"/>
    public static Value operator *(Value a, Value b) => a.Graph.Add(Binary.Multiply, [a, b]);

    /// <inheritdoc cref="Binary.Multiply"/>
    public static Value operator *(Value a, double b) => a * a.Number(b);

    /// <inheritdoc cref="Binary.Multiply"/>
    public static Value operator *(double a, Value b) => b.Number(a) * b;

    /// <inheritdoc cref="Binary.Divide"/>
    public static Value operator /(Value a, Value b) => a.Graph.Add(Binary.Divide, [a, b]);

    /// <inheritdoc cref="Binary.Divide"/>
    public static Value operator /(Value a, double b) => a / a.Number(b);

    /// <inheritdoc cref="Binary.Divide"/>
    public static Value operator /(double a, Value b) => b.Number(a) / b;

    /// <inheritdoc cref="Comparison.Greater"/>
    public static Value operator >(Value a, Value b) => a.Graph.Add(Comparison.Greater, [a, b]);

    /// <inheritdoc cref="Comparison.Greater"/>
    public static Value operator >(Value a, double b) => a > a.Number(b);

    /// <inheritdoc cref="Comparison.Less"/>
    public static Value operator <(Value a, Value b) => a.Graph.Add(Comparison.Less, [a, b]);

    /// <inheritdoc cref="Comparison.Less"/>
    public static Value operator <(Value a, double b) => a < a.Number(b);

    /// <inheritdoc cref="Comparison.GreaterOrEqual"/>
    public static Value operator >=(Value a, Value b) => a.Graph.Add(Comparison.GreaterOrEqual, [a, b]);

    /// <inheritdoc cref="Comparison.GreaterOrEqual"/>
    public static Value operator >=(Value a, double b) => a >= a.Number(b);

    /// <inheritdoc cref="Comparison.LessOrEqual"/>
    public static Value operator <=(Value a, Value b) => a.Graph.Add(Comparison.LessOrEqual, [a, b]);

    /// <inheritdoc cref="Comparison.LessOrEqual"/>
    public static Value operator <=(Value a, double b) => a <= a.Number(b);

    /// <inheritdoc cref="Logical.And"/>
    public static Value operator &(Value a, Value b) => a.Graph.Add(Logical.And, [a, b]);

    /// <inheritdoc cref="Logical.Or"/>
    public static Value operator |(Value a, Value b) => a.Graph.Add(Logical.Or, [a, b]);

    /// <inheritdoc cref="Logical.Xor"/>
    public static Value operator ^(Value a, Value b) => a.Graph.Add(Logical.Xor, [a, b]);

    /// <inheritdoc cref="Logical.Not"/>
    public static Value operator !(Value x) => x.Graph.Add(Logical.Not, [x]);
}
