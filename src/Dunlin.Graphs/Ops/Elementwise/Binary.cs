namespace Dunlin.Graphs.Ops;

/// <summary>
/// The functions of two numbers of one type: a table with a line for each. The gradient is given a, b, y = f(a, b) and dy, and
/// returns the two partial gradients before they are summed over broadcast dimensions. 16-bit floats are computed in Float32 unless there is a function of their bits.
/// </summary>
public sealed partial record Binary : Elementwise
{
    private readonly Maps<float> _f32;
    private readonly Maps<double> _f64;
    private readonly Maps<int> _i32;
    private readonly Maps<long> _i64;
    private readonly Maps<byte> _u8;
    private readonly Func<DType, TileFunction>? _half;
    private readonly Func<Value, Value, Value, Value, (Value? A, Value? B)>? _gradient;

    private Binary(string name, Maps<float> f32, Maps<double> f64, Func<Value, Value, Value, Value, (Value?, Value?)>? gradient,
        Maps<int> i32 = default, Maps<long> i64 = default, string? noGradient = null, Maps<byte> u8 = default, Func<DType, TileFunction>? half = null)
    {
        Name = name;
        (_f32, _f64, _i32, _i64, _u8, _half, _gradient) = (f32, f64, i32, i64, u8, half, gradient);
        NoGradientReason = noGradient;
    }

    private Binary(string name, Func<double, double, double> function, Func<Value, Value, Value, Value, (Value?, Value?)>? gradient, string? noGradient = null)
        : this(name, SpecialFunctions.Single(function), SpecialFunctions.Double(function), gradient, noGradient: noGradient)
    {
    }

    /// <summary>Every member of the table.</summary>
    internal static IEnumerable<Binary> All => typeof(Binary).GetFields().Where(f => f.IsStatic).Select(f => f.GetValue(null)).OfType<Binary>();

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? NoGradientReason { get; }

    /// <inheritdoc/>
    public override DType ResultType(IReadOnlyList<TensorType> inputs)
    {
        var type = SameType(inputs, 2);
        return type switch
        {
            DType.Int32 => _i32.IsDefined,
            DType.Int64 => _i64.IsDefined,
            DType.UInt8 => _u8.IsDefined,
            _ => type.IsFloat() && _f32.IsDefined,
        }
            ? type
            : throw Mismatch(inputs, $"is not defined for {type}.");
    }

    /// <inheritdoc/>
    public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => inputs[0] switch
    {
        DType.Float64 => _f64.Tile(scalar),
        DType.Int32 => _i32.Tile(scalar),
        DType.Int64 => _i64.Tile(scalar),
        DType.UInt8 => _u8.Tile(scalar),
        DType.Float32 => _f32.Tile(scalar),
        _ => scalar[0] || scalar[1] ? null : _half?.Invoke(inputs[0]) ?? new WidenedTile(_f32.Tile(scalar)!, inputs, inputs[0]),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        if (_gradient is null) return [null, null];
        var (a, b) = (node.Inputs[0], node.Inputs[1]);
        var (da, db) = _gradient(a, b, node.Outputs[0], outputGradients[0]!);
        return [da?.ReduceToLike(a), db?.ReduceToLike(b)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents)
    {
        if (_gradient is null) return [null];
        var (a, b, y) = (node.Inputs[0], node.Inputs[1], node.Outputs[0]);
        var first = inputTangents[0] is { } da ? _gradient(a, b, y, da).A : null;
        var second = inputTangents[1] is { } db ? _gradient(a, b, y, db).B : null;
        return [Tangents.Spread(Tangents.Sum(first, second), y)];
    }

    /// <summary>Members of the table are equal by name.</summary>
    public bool Equals(Binary? other) => Name == other?.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>A function's forms for one element type: of two spans, and where there is a faster one, of a span and a number on either side.</summary>
    internal readonly record struct Maps<T>(BinaryMap<T>? Spans, ScalarMap<T>? ScalarSecond = null, ScalarMap<T>? ScalarFirst = null) where T : unmanaged
    {
        public bool IsDefined => Spans is not null;

        public static implicit operator Maps<T>(BinaryMap<T> spans) => new(spans);

        public TileFunction? Tile(IReadOnlyList<bool> scalar)
        {
            var spans = Spans!;
            return (scalar[0], scalar[1]) switch
            {
                (false, false) => new BinaryTile<T, T>((a, b, y) => spans(a, b, y)),
                (false, true) => ScalarSecond is null ? null : new ScalarTile<T>(ScalarSecond, scalarFirst: false),
                (true, false) => ScalarFirst is null ? null : new ScalarTile<T>(ScalarFirst, scalarFirst: true),
                _ => null,
            };
        }
    }
}
