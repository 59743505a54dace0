using System.Globalization;
using Dunlin.Communication;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>How calls look as frames, and what a server and its workers expect of each other's.</summary>
internal static class CallFrames
{
    /// <summary>Of a description, of the names of the state, of a reason.</summary>
    public const int MostText = 4 << 20;

    /// <summary>Of a sentence.</summary>
    public const int ShortText = 16 << 10;

    private const byte Gradients = 1, Weights = 2, Stopping = 4, Free = 8, Measures = 16;

    /// <summary>As many rows as a gradient of a table may have: twice those of the table, and of a small one a million, as long as that is no more than 1 GiB.</summary>
    public static int MostRows(TensorType table)
    {
        var bytes = Math.Max(1, table.Bytes / Math.Max(1, table.Shape[0]));
        return (int)Math.Clamp(Math.Min(Math.Max(2L * table.Shape[0], 1 << 20), (1L << 30) / bytes), 1, int.MaxValue);
    }

    /// <summary>The tensors of a gradient.</summary>
    public static TensorLimit[] GradientLimits(IReadOnlyList<Slice> slices, IReadOnlyList<bool> isSparse) =>
    [
        .. slices.SelectMany((s, i) => isSparse[i]
            ? [new TensorLimit(s.Type, MostRows(s.Type)), new TensorLimit(new(DType.Int64, [0]), MostRows(s.Type))]
            : (TensorLimit[])[new(s.Type)]),
    ];

    /// <summary>The same with what was measured over a piece of the data.</summary>
    public static TensorLimit[] MeasuredLimits(IReadOnlyList<Slice> slices, IReadOnlyList<bool> isSparse) => [.. GradientLimits(slices, isSparse), new(new(DType.Float64, [0]), SandblasterDiscipline.MostMeasures)];

    /// <summary>A program for vectors.</summary>
    public static FrameLimits ProgramLimits => new(0, [new(new(DType.Float64, [0, VectorProgram.Columns]), VectorProgram.MostRows)]);

    /// <summary>A request for rows: the slices' numbers, and then for each the rows'.</summary>
    public static FrameLimits RowLimits(int tensors, IReadOnlyList<Slice> slices)
    {
        var most = slices.Count == 0 ? 1 : slices.Max(s => s.Type.Shape.Rank == 0 ? 1 : MostRows(s.Type));
        return new(0, [.. Enumerable.Range(0, tensors).Select(i => new TensorLimit(new(DType.Int64, [0]), i == 0 ? tensors : most))]);
    }

    /// <summary>What is said before the description of the model: which slices are not wanted as a whole.</summary>
    public static string Opening(IEnumerable<int> unwanted, string description) => $"{string.Join(',', unwanted)}\n{description}";

    /// <summary>Reads that.</summary>
    /// <exception cref="FrameException">It is something else.</exception>
    public static (IReadOnlyList<bool> Wanted, string Description) ReadOpening(string text, int slices)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        var wanted = Enumerable.Repeat(true, slices).ToArray();
        foreach (var number in end < 0 ? [] : text[..end].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var slice) || slice >= slices) throw new FrameException($"A worker does not want slice '{number}', of {slices}.");
            wanted[slice] = false;
        }
        return (wanted, text[(end + 1)..]);
    }

    public static bool HasGradients(in FrameHeader header) => (header.Flags & Gradients) != 0;

    public static bool HasMeasures(in FrameHeader header) => (header.Flags & Measures) != 0;

    public static bool WantsWeights(in FrameHeader header) => (header.Flags & Weights) != 0;

    /// <summary>Whether one has asked all to stop.</summary>
    public static bool IsStopping(in FrameHeader header) => (header.Flags & Stopping) != 0;

    /// <summary>Whether the server is at work for nobody.</summary>
    public static bool IsFree(in FrameHeader header) => (header.Flags & Free) != 0;

    /// <summary>The flags of an answer.</summary>
    public static byte AnswerFlags(bool weights, bool stopping, bool free = false) => (byte)((weights ? Weights : 0) | (stopping ? Stopping : 0) | (free ? Free : 0));

    /// <summary>What a call is, but for its tensors.</summary>
    public static byte FlagsOf(ServerCall call) => (byte)((call.Gradients is null ? 0 : Gradients) | (call.Weights is null ? 0 : Weights) | (call.Measures is null ? 0 : Measures));

    /// <summary>A call's numbers.</summary>
    public static long[] FieldsOf(ServerCall call) => [call.Number, call.Steps, call.Examples, call.Clock, call.Version, call.Piece];

    /// <summary>Sends a call.</summary>
    public static void Send(FrameConnection connection, ServerCall call, ReadOnlySpan<Tensor> tensors, FrameKind kind = FrameKind.Call) =>
        connection.Send(kind, FlagsOf(call), call.Number, [call.Number, call.Steps, call.Examples, call.Clock, call.Version, call.Piece], tensors: tensors);

    /// <summary>Reads a call's numbers.</summary>
    public static void Read(in FrameHeader header, ServerCall call) =>
        (call.Number, call.Steps, call.Examples, call.Clock, call.Version, call.Piece) = (header.Fields[0], header.Fields[1], header.Fields[2], header.Fields[3], header.Fields[4], (int)Math.Clamp(header.Fields[5], int.MinValue, int.MaxValue));

    /// <summary>Whether they can be a call's.</summary>
    public static string? Refuse(in FrameHeader header) => header.Fields[0] < 0 || header.Fields[1] < 1 || header.Fields[2] < 0 || header.Fields[3] < 0 || header.Fields[4] < 0
        ? $"A call has number {header.Fields[0]}, {header.Fields[1]} steps, {header.Fields[2]} examples, clock {header.Fields[3]} and version {header.Fields[4]}, of which none is negative and there is at least a step." : null;

    /// <summary>Sends the answer to a call.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="call">What was asked.</param>
    /// <param name="weights">The weights, or rows, that were asked for.</param>
    /// <param name="stopping">Whether all are to stop.</param>
    public static void Answer(FrameConnection connection, ServerCall call, ReadOnlySpan<Tensor> weights, bool stopping) =>
        connection.Send(FrameKind.Done, AnswerFlags(call.Weights is not null, stopping), fields: [call.Clock, call.Number, call.Version, call.Piece], tensors: weights);

    /// <summary>The names of the optimiser's state, with the slice that each goes with and its type: a line each.</summary>
    public static string Describe(ServerShard shard) =>
        string.Join('\n', shard.State.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name}\t{(s.Slice is null ? -1 : shard.Slices.ToList().IndexOf(s.Slice))}\t{s.Elements.Type}\t{string.Join(',', s.Elements.Shape.Dimensions.ToArray())}")));

    /// <summary>Reads what a server says of its state.</summary>
    /// <exception cref="FrameException">It is something else.</exception>
    public static IReadOnlyList<(string Name, Slice? Slice, TensorType Type)> ReadState(string text, IReadOnlyList<Slice> slices) =>
    [
        .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
            line.Split('\t') is [var name, var number, var type, var shape] && int.TryParse(number, CultureInfo.InvariantCulture, out var slice) && slice >= -1 && slice < slices.Count
            && Enum.TryParse<DType>(type, out var element) && Enum.IsDefined(element) && ShapeOf(shape) is { } dimensions
                ? (name, slice < 0 ? null : slices[slice], new TensorType(element, dimensions))
                : throw new FrameException($"The server says of its state '{line}', which is no name, slice, type and shape.")),
    ];

    private static Shape? ShapeOf(string text)
    {
        if (text.Length == 0) return Shape.Scalar;
        var dimensions = text.Split(',').Select(d => int.TryParse(d, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : -1).ToArray();
        return dimensions.Contains(-1) ? null : Shape.Create(dimensions);
    }
}
