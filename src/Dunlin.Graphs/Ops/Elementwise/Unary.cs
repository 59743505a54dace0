namespace Dunlin.Graphs.Ops;

/// <summary>
/// The functions of one number: a table with a line for each. The gradient is given x, y = f(x) and dy. 16-bit floats are computed in Float32 unless there is a function of their bits.
/// </summary>
public sealed partial record Unary : Elementwise
{
    private readonly UnaryMap<float>? _f32;
    private readonly UnaryMap<double>? _f64;
    private readonly UnaryMap<int>? _i32;
    private readonly UnaryMap<long>? _i64;
    private readonly UnaryMap<byte>? _u8;
    private readonly Func<DType, TileFunction>? _half;
    private readonly Func<Value, Value, Value, Value>? _gradient;

    private Unary(string name, UnaryMap<float>? f32, UnaryMap<double>? f64, Func<Value, Value, Value, Value>? gradient,
        UnaryMap<int>? i32 = null, UnaryMap<long>? i64 = null, string? noGradient = null, UnaryMap<byte>? u8 = null, Func<DType, TileFunction>? half = null)
    {
        Name = name;
        (_f32, _f64, _i32, _i64, _u8, _half, _gradient) = (f32, f64, i32, i64, u8, half, gradient);
        NoGradientReason = noGradient;
    }

    private Unary(string name, Func<double, double> function, Func<Value, Value, Value, Value> gradient)
        : this(name, SpecialFunctions.Single(function), SpecialFunctions.Double(function), gradient)
    {
    }

    /// <summary>Every member of the table.</summary>
    internal static IEnumerable<Unary> All => typeof(Unary).GetFields().Where(f => f.IsStatic).Select(f => f.GetValue(null)).OfType<Unary>();

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? NoGradientReason { get; }

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var type = inputs[0].Type;
        return type switch
        {
            DType.Int32 => _i32 is not null,
            DType.Int64 => _i64 is not null,
            DType.UInt8 => _u8 is not null,
            _ => type.IsFloat() && _f32 is not null,
        }
            ? type
            : throw Mismatch(inputs, $"is not defined for {type}.");
    }

    /// <inheritdoc/>
    public override TileFunction Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => inputs[0] switch
    {
        DType.Float64 => Tile(_f64!),
        DType.Int32 => Tile(_i32!),
        DType.Int64 => Tile(_i64!),
        DType.UInt8 => Tile(_u8!),
        DType.Float32 => Tile(_f32!),
        _ => _half?.Invoke(inputs[0]) ?? new WidenedTile(Tile(_f32!), inputs, inputs[0]),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        _gradient is null ? [null] : [_gradient(node.Inputs[0], node.Outputs[0], outputGradients[0]!)];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [_gradient is null || inputTangents[0] is not { } tangent ? null : _gradient(node.Inputs[0], node.Outputs[0], tangent)];

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(Unary? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    private static UnaryTile<T, T> Tile<T>(UnaryMap<T> map) where T : unmanaged => new((x, y) => map(x, y));
}
