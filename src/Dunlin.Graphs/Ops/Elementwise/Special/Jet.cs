namespace Dunlin.Graphs.Ops;

/// <summary>A number with its first and second derivative by one parameter: derivatives of a series or a fraction by forward accumulation.</summary>
internal readonly record struct Jet(double Value, double First = 0, double Second = 0)
{
    public static implicit operator Jet(double constant) => new(constant);

    public static Jet operator +(Jet a, Jet b) => new(a.Value + b.Value, a.First + b.First, a.Second + b.Second);

    public static Jet operator -(Jet a, Jet b) => new(a.Value - b.Value, a.First - b.First, a.Second - b.Second);

    public static Jet operator *(Jet a, Jet b) =>
        new(a.Value * b.Value, a.First * b.Value + a.Value * b.First, a.Second * b.Value + 2 * a.First * b.First + a.Value * b.Second);

    public static Jet operator /(Jet a, Jet b)
    {
        var value = a.Value / b.Value;
        var first = (a.First - value * b.First) / b.Value;
        return new(value, first, (a.Second - 2 * first * b.First - value * b.Second) / b.Value);
    }

    /// <summary>The larger of the three numbers, by size.</summary>
    public double Size => Math.Max(Math.Abs(Value), Math.Max(Math.Abs(First), Math.Abs(Second)));

    /// <summary>e to a logarithm whose derivatives are known: the prefactor of a series.</summary>
    public static Jet Power(double value, double logarithmFirst, double logarithmSecond) =>
        new(value, value * logarithmFirst, value * (logarithmFirst * logarithmFirst + logarithmSecond));

    /// <summary>One of the three: the derivative of the given order.</summary>
    public double this[int order] => order switch { 0 => Value, 1 => First, _ => Second };
}
