using System.Reflection;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.BadInput;

/// <summary>Draws arguments for any method of operations as somebody might give them who has not read what it takes: some fit, most do not.</summary>
internal sealed class HostileArguments
{
    private static readonly int[] Integers = [-1, 0, 1, 2, 3, -3, 5, 7, 100, int.MaxValue, int.MinValue];
    private static readonly double[] Reals = [0, 1, 0.5, -1, 1.5, 2, -0.25, 1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity];
    private static readonly DType[] Types = [DType.Float32, DType.Float32, DType.Float64, DType.Int32, DType.Int64, DType.Bool, DType.UInt8, DType.BFloat16, DType.Float16];
    private static readonly Shape[] Shapes =
        [[], [0], [1], [2], [3], [2, 2], [2, 3], [3, 2], [3, 3], [0, 3], [2, 3, 4], [1, 2, 2], [2, 3, 3], [2, 3, 4, 4], [1, 3, 5, 5], [2, 2, 3, 3, 3], [1, 1, 1, 1, 1, 1]];
    private static readonly int[]?[] Lists = [null, [], [0], [1], [-1], [5], [-5], [0, 0], [1, 0], [0, 1], [-1, -2], [2, 2], [-2, 3], [0, 1, 2], [2, 0, 1], [1, 1, 1, 1], [int.MinValue], [int.MaxValue, 2]];
    private static readonly string[] Equations = ["ij,jk->ik", "ii->i", "i->", "", "->", "ij,jk", "i,i,i->i", "ij->ijk", "...i,i->...", "i j", "é", "ij->ii", ","];

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<ParameterInfo, bool> Nullables = new();

    private readonly Random _random;
    private readonly Graph _graph;
    private readonly Value[] _values;
    private readonly Variable[] _variables;

    public HostileArguments(int seed)
    {
        (_random, _graph) = (new Random(seed), new Graph());
        _values = new Value[24];
        // Of few types and shapes, so that some of them fit together.
        DType[] types = [Any(Types), Any(Types), DType.Float32];
        for (var i = 0; i < _values.Length; i++)
        {
            var shape = Any(Shapes);
            _values[i] = _graph.Placeholder($"x{i}", _random.Next(5) == 0 ? Any([DType.Int32, DType.Int64, DType.Bool]) : Any(types), _random.Next(4) == 0 ? Blurred(shape) : shape);
        }
        _variables = [.. Enumerable.Range(0, 3).Select(i => _graph.Variable($"v{i}", Any(Types), Any(Shapes), new Zero()))];
    }

    public Graph Graph => _graph;

    /// <summary>One for each parameter; null where there is a parameter of a kind unknown here.</summary>
    public object?[]? For(MethodInfo method)
    {
        var parameters = method.GetParameters();
        var arguments = new object?[parameters.Length];
        for (var i = 0; i < parameters.Length; i++)
        {
            // Defaults are what most callers leave alone.
            if (parameters[i].HasDefaultValue && _random.Next(2) == 0) arguments[i] = parameters[i].DefaultValue;
            else if (!TryDraw(parameters[i].ParameterType, IsNullable(parameters[i]), out arguments[i])) return null;
            if (arguments[i] is null && parameters[i].ParameterType.IsValueType && Nullable.GetUnderlyingType(parameters[i].ParameterType) is null)
                arguments[i] = Activator.CreateInstance(parameters[i].ParameterType);
        }
        return arguments;
    }

    /// <summary>A tensor to feed, of numbers that are as likely to be wrong as right.</summary>
    public Tensor Feed(TensorType type)
    {
        var tensor = Tensor.Zeros(type.Type, Shape.Create([.. type.Shape.Dimensions.ToArray().Select(d => d == Shape.Unknown ? _random.Next(4) : d)]));
        double[] numbers = [-1, 0, 0, 1, 1, 2, 3, 4, 100, double.NaN, double.PositiveInfinity, 1e30];
        for (var i = 0; i < tensor.ElementCount; i++)
        {
            // Half of the tensors are harmless.
            var number = Any(_random.Next(2) == 0 ? [0.0, 1, 2] : numbers);
            if (!type.Type.IsFloat() && !(Math.Abs(number) <= 100)) number = 7;
            Scalars.Make(type.Type == DType.Bool ? number != 0 ? 1 : 0 : type.Type == DType.UInt8 ? Math.Max(0, number) : number, type.Type).RawBytes.CopyTo(tensor.RawBytes[(i * type.Type.Size())..]);
        }
        return tensor;
    }

    private static bool IsNullable(ParameterInfo parameter) => Nullables.GetOrAdd(parameter, static p => new NullabilityInfoContext().Create(p).WriteState == NullabilityState.Nullable);

    private bool TryDraw(Type type, bool nullable, out object? argument)
    {
        argument = null;
        if (nullable && type != typeof(int[]) && _random.Next(3) == 0) return true;
        type = Nullable.GetUnderlyingType(type) ?? type;
        argument = type switch
        {
            _ when type == typeof(Graph) => _graph,
            _ when type == typeof(Value) => Any(_values),
            _ when type == typeof(Variable) => Any(_variables),
            _ when type == typeof(int) => Any(Integers),
            _ when type == typeof(long) => (long)Any(Integers),
            _ when type == typeof(uint) => (uint)_random.Next(3),
            _ when type == typeof(ulong) => (ulong)_random.Next(3),
            _ when type == typeof(bool) => _random.Next(2) == 0,
            _ when type == typeof(double) => Any(Reals),
            _ when type == typeof(string) => Any(Equations),
            _ when type == typeof(Shape) => _random.Next(3) == 0 ? Blurred(Any(Shapes)) : Any(Shapes),
            _ when type == typeof(int[]) => Any(Lists) ?? (nullable ? null : []),
            _ when type == typeof(double[]) => Any<double[]>([[], [0], [1, 2], [2, 1], [double.NaN, 0], [0, 0]]),
            _ when type == typeof(IReadOnlyList<Value>) => Enumerable.Range(0, _random.Next(4)).Select(_ => Any(_values)).ToArray(),
            _ when type == typeof(IReadOnlyList<IReadOnlyList<Value>>) => Enumerable.Range(0, _random.Next(4)).Select(_ => Enumerable.Range(0, _random.Next(4)).Select(_ => Any(_values)).ToArray()).ToArray(),
            _ when type == typeof(Cut) => Cutting(),
            _ when type == typeof(IReadOnlyList<Cut>) => Enumerable.Range(0, _random.Next(4)).Select(_ => Cutting()).ToArray(),
            _ when type == typeof(IReadOnlyList<int>) => Any(Lists) ?? [],
            _ when type == typeof(IReadOnlyList<Slicing>) => Enumerable.Range(0, _random.Next(4)).Select(_ => new Slicing(Maybe(), Maybe(), Any(Integers))).ToArray(),
            _ when type == typeof(Sliding) => new Sliding(Any(Shapes), Any(Shapes), Any(Shapes), Any(Shapes), Any(Integers)),
            _ when type == typeof(AttentionOptions) => new AttentionOptions { Causal = _random.Next(2) == 0, KeyLengths = _random.Next(2) == 0 ? Any(_values) : null, Mask = _random.Next(2) == 0 ? Any(_values) : null },
            _ when type == typeof(SparseMatrix) => Sparse(),
            _ when type == typeof(CandidateSampler) => CandidateSampler.Uniform(_random.Next(1, 6), _random.Next(6), _random.Next(2) == 0),
            _ when type.IsEnum => Enum.ToObject(type, Any(Enum.GetValuesAsUnderlyingType(type).Cast<object>().ToArray())),
            _ => null,
        };
        return argument is not null || type == typeof(int[]);
    }

    private SparseMatrix Sparse() => new(_graph.Constant(Tensor.From([0L, 1, 1, 0], [2, 2])), _graph.Constant(Tensor.From([1f, 2])), [2, 3]);

    private Cut Cutting() => new(_random.Next(2) == 0 ? new(Any(Types), Any(Shapes)) : Any(_values).TensorType, Any(Integers));

    private int? Maybe() => _random.Next(3) == 0 ? null : Any(Integers);

    private Shape Blurred(Shape shape) => shape.Rank == 0 ? shape : shape.With(_random.Next(shape.Rank), Shape.Unknown);

    private T Any<T>(T[] from) => from[_random.Next(from.Length)];

    private sealed record Zero : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.RawBytes.Clear();
    }
}
