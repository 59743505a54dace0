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

    /// <summary>Of truth values, whether both hold; of integers, the bits that both have.</summary>
    public static Value operator &(Value a, Value b) => a.Graph.Add(a.Type == DType.Bool ? Logical.And : Bitwise.And, [a, b]);

    /// <summary>Of truth values, whether at least one holds; of integers, the bits that at least one has.</summary>
    public static Value operator |(Value a, Value b) => a.Graph.Add(a.Type == DType.Bool ? Logical.Or : Bitwise.Or, [a, b]);

    /// <summary>Of truth values, whether exactly one holds; of integers, the bits that exactly one has.</summary>
    public static Value operator ^(Value a, Value b) => a.Graph.Add(a.Type == DType.Bool ? Logical.Xor : Bitwise.Xor, [a, b]);

    /// <inheritdoc cref="Bitwise.Not"/>
    public static Value operator ~(Value x) => x.Graph.Add(Bitwise.Not, [x]);

    /// <inheritdoc cref="Bitwise.ShiftLeft"/>
    public static Value operator <<(Value a, Value b) => a.Graph.Add(Bitwise.ShiftLeft, [a, b]);

    /// <inheritdoc cref="Bitwise.ShiftRight"/>
    public static Value operator >>(Value a, Value b) => a.Graph.Add(Bitwise.ShiftRight, [a, b]);

    /// <inheritdoc cref="Binary.Modulo"/>
    public static Value operator %(Value a, Value b) => a.Graph.Add(Binary.Modulo, [a, b]);

    /// <inheritdoc cref="Logical.Not"/>
    public static Value operator !(Value x) => x.Graph.Add(Logical.Not, [x]);
}
