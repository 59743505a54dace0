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
    public static TensorLimit[] GradientLimits(IReadOnlyList<Slice> slices, IReadOnlyList<GradientForm> forms) =>
    [
        .. slices.SelectMany((s, i) => forms[i] switch
        {
            GradientForm.Rows => [new TensorLimit(s.Type, MostRows(s.Type)), new TensorLimit(new(DType.Int64, [0]), MostRows(s.Type))],
            GradientForm.Dense => [new(s.Type)],
            _ => (TensorLimit[])[],
        }),
    ];

    /// <summary>The same with what was measured over a piece of the data.</summary>
    public static TensorLimit[] MeasuredLimits(IReadOnlyList<Slice> slices, IReadOnlyList<GradientForm> forms) => [.. GradientLimits(slices, forms), new(new(DType.Float64, [0]), SandblasterDiscipline.MostMeasures)];

    /// <summary>A program for vectors.</summary>
    public static FrameLimits ProgramLimits => new(0, [new(new(DType.Float64, [0, VectorProgram.Columns]), VectorProgram.MostRows)]);

    /// <summary>As many examples as a question about classes may be of: features and scores are no more than 1 GiB.</summary>
    public static int MostExamples(TensorType weights) => (int)Math.Clamp((1L << 30) / (weights.Type.Size() * (weights.Shape[0] + (long)weights.Shape[1])), 1, 1 << 20);

    /// <summary>The tensors of a question about classes.</summary>
    public static TensorLimit[] ClassTensors(ClassQuestion question, TensorType weights)
    {
        var most = MostExamples(weights);
        TensorLimit features = new(weights with { Shape = [0, weights.Shape[1]] }, most), labels = new(new(DType.Int64, [0]), most), each = new(weights with { Shape = [0] }, most);
        return question switch { ClassQuestion.Scores => [features], ClassQuestion.Sums => [features, labels], _ => [features, labels, each, each] };
    }

    /// <summary>What a question about classes may be, by what its header says.</summary>
    public static FrameLimits ClassLimits(in FrameHeader header, IReadOnlyList<Slice> slices, IReadOnlyList<GradientForm> forms)
    {
        var (number, step, slice) = (header.Fields[0], header.Fields[1], header.Fields[2]);
        if (header.Flags > (byte)ClassQuestion.Scores) return FrameLimits.None($"A frame of kind Classes asks question {header.Flags}, and there are {(byte)ClassQuestion.Sums} to {(byte)ClassQuestion.Scores}.");
        if (number < 1 || step < 0) return FrameLimits.None($"A frame of kind Classes is for gradient {number} and step {step} of it, which are at least 1 and 0.");
        if (slice < 0 || slice >= slices.Count || forms[(int)slice] != GradientForm.Computed)
            return FrameLimits.None($"A frame of kind Classes asks about slice {slice}, and of the {slices.Count} here those with classes are {(forms.Contains(GradientForm.Computed) ? string.Join(", ", Enumerable.Range(0, forms.Count).Where(i => forms[i] == GradientForm.Computed)) : "none")}.");
        return new(0, ClassTensors((ClassQuestion)header.Flags, slices[(int)slice].Type));
    }

    /// <summary>Makes room for a question about classes, whose header and descriptions have been checked.</summary>
    /// <exception cref="FrameException">Its tensors are of different lengths.</exception>
    public static ClassQuery ReadClasses(in FrameHeader header, ReadOnlySpan<int> rows, IReadOnlyList<Slice> slices)
    {
        var (question, slice) = ((ClassQuestion)header.Flags, (int)header.Fields[2]);
        var (examples, weights) = (rows[0], slices[slice].Type);
        if (rows[1..].ContainsAnyExcept(examples)) throw new FrameException($"A frame of kind Classes has features of {examples} examples, and other tensors of {string.Join(", ", rows[1..].ToArray())}.");
        var room = ClassTensors(question, weights).Select(t => Tensor.Uninitialized(t.Type.Type, t.Type.Shape.With(0, examples))).ToArray();
        return Query(question, slice, header.Fields[1], room, ClassQuery.AnswerTo(question, examples, weights));
    }

    /// <summary>A question of its tensors.</summary>
    public static ClassQuery Query(ClassQuestion question, int slice, long step, ReadOnlySpan<Tensor> tensors, Tensor answer) => new()
    {
        Question = question,
        Slice = slice,
        Step = step,
        Features = tensors[0],
        Labels = tensors.Length > 1 ? tensors[1] : null,
        Normalizers = tensors.Length > 2 ? tensors[2] : null,
        LossGradients = tensors.Length > 3 ? tensors[3] : null,
        Answer = answer,
    };

    /// <summary>Checks the labels of a question that was received.</summary>
    /// <exception cref="FrameException">One is no class of the slice's.</exception>
    public static void CheckLabels(ClassQuery query, IReadOnlyList<Slice> slices)
    {
        var classes = slices[query.Slice].Type.Shape[0];
        foreach (var label in query.Labels is { } labels ? labels.Span<long>() : [])
            if (label < -1 || label >= classes) throw new FrameException($"A frame of kind Classes names class {label} of a slice of {classes} classes; -1 stands for one that is elsewhere.");
    }

    /// <summary>Sends a question about classes.</summary>
    public static void Send(FrameConnection connection, ServerCall call, ClassQuery query) =>
        connection.Send(FrameKind.Classes, (byte)query.Question, call.Number, [call.Number, query.Step, query.Slice], tensors: query.Tensors);

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
