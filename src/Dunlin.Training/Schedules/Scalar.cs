using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>A number that is known now, or that a graph will compute in double precision: what schedules are written in.</summary>
public readonly struct Scalar
{
    private readonly double _number;
    private readonly Value? _value;

    private Scalar(double number) => _number = number;

    internal Scalar(Value value) => _value = value;

    /// <summary>The number, where it is known.</summary>
    internal double Number => _value is null ? _number : throw new InvalidOperationException($"{_value} is known only when the graph runs.");

    /// <summary>A known number.</summary>
    public static implicit operator Scalar(double number) => new(number);

    /// <summary>a + b.</summary>
    public static Scalar operator +(Scalar a, Scalar b) => Both(a, b, (x, y) => x + y, (x, y) => x + y);

    /// <summary>a − b.</summary>
    public static Scalar operator -(Scalar a, Scalar b) => Both(a, b, (x, y) => x - y, (x, y) => x - y);

    /// <summary>a · b.</summary>
    public static Scalar operator *(Scalar a, Scalar b) => Both(a, b, (x, y) => x * y, (x, y) => x * y);

    /// <summary>a / b.</summary>
    public static Scalar operator /(Scalar a, Scalar b) => Both(a, b, (x, y) => x / y, (x, y) => x / y);

    /// <summary>A value times a scalar, in the value's type.</summary>
    public static Value operator *(Value x, Scalar s) => x * s.Like(x);

    /// <summary>A value divided by a scalar, in the value's type.</summary>
    public static Value operator /(Value x, Scalar s) => x / s.Like(x);

    /// <summary>A value plus a scalar, in the value's type.</summary>
    public static Value operator +(Value x, Scalar s) => x + s.Like(x);

    /// <summary>A value minus a scalar, in the value's type.</summary>
    public static Value operator -(Value x, Scalar s) => x - s.Like(x);

    /// <summary>The smaller.</summary>
    public static Scalar Min(Scalar a, Scalar b) => Both(a, b, Math.Min, (x, y) => x.Minimum(y));

    /// <summary>The larger.</summary>
    public static Scalar Max(Scalar a, Scalar b) => Both(a, b, Math.Max, (x, y) => x.Maximum(y));

    /// <summary>eˣ.</summary>
    public static Scalar Exp(Scalar x) => One(x, Math.Exp, v => v.Exp());

    /// <summary>Natural logarithm.</summary>
    public static Scalar Log(Scalar x) => One(x, Math.Log, v => v.Log());

    /// <summary>√x.</summary>
    public static Scalar Sqrt(Scalar x) => One(x, Math.Sqrt, v => v.Sqrt());

    /// <summary>The cosine.</summary>
    public static Scalar Cos(Scalar x) => One(x, Math.Cos, v => v.Cos());

    /// <summary>The part of x before the point: the largest whole number not above x, for x ≥ 0.</summary>
    public static Scalar Truncate(Scalar x) => One(x, Math.Truncate, v => v.Cast(DType.Int64).Cast(DType.Float64));

    /// <summary>y where a &lt; b, else z.</summary>
    public static Scalar IfLess(Scalar a, Scalar b, Scalar y, Scalar z)
    {
        if (a._value is null && b._value is null) return a._number < b._number ? y : z;
        var graph = (a._value ?? b._value)!.Graph;
        return new(Operations.Select(a.In(graph) < b.In(graph), y.In(graph), z.In(graph)));
    }

    /// <summary>A Float64 scalar of the graph.</summary>
    internal Value In(Graph graph) => _value ?? graph.Constant(_number, DType.Float64);

    private Value Like(Value x) => In(x.Graph).Cast(x.Type);

    private static Scalar One(Scalar x, Func<double, double> now, Func<Value, Value> later) =>
        x._value is null ? new Scalar(now(x._number)) : new Scalar(later(x._value));

    private static Scalar Both(Scalar a, Scalar b, Func<double, double, double> now, Func<Value, Value, Value> later)
    {
        if ((a._value ?? b._value)?.Graph is not { } graph) return now(a._number, b._number);
        return new(later(a.In(graph), b.In(graph)));
    }
}
