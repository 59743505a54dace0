using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>Tools for rules that apply an operation to many examples at once; see <see cref="Operation.Vectorized"/>.</summary>
public sealed class Batching
{
    /// <summary>Takes a value that has the dimension of the examples.</summary>
    internal Batching(Value sample) => Sample = sample;

    /// <summary>A value whose first dimension is the number of examples.</summary>
    internal Value Sample { get; }

    /// <summary>How many examples there are; <see cref="Shape.Unknown"/> if that depends on what is fed.</summary>
    public int Length => Sample.Shape[0];

    /// <summary>A dimension's number once the dimension of the examples stands before it.</summary>
    public static int Axis(int axis) => axis < 0 ? axis : axis + 1;

    /// <inheritdoc cref="Axis(int)"/>
    public static Axes Axis(Axes axes) => new([.. axes.Values.Select(Axis)]);

    /// <summary>The value with the dimension of the examples, repeated along it where it is the same for all.</summary>
    public Value Everywhere(Batched v)
    {
        if (v.IsBatched) return v.Value;
        if (v.Value.Type == DType.List)
            return Length != Shape.Unknown
                ? Operations.Concat([.. Enumerable.Repeat(v.Value.ExpandDims(0), Length)], 0)
                : throw new DunlinException($"Vectorisation of lists of tensors ({v.Value.Name}) needs to know the number of examples; state it where the inputs are made.");
        var one = v.Value.ExpandDims(0);
        var rank = v.Value.Shape.Rank;
        if (Length != Shape.Unknown) return one.BroadcastTo(Shape.Of(Length).Append(v.Value.Shape.Dimensions));
        // Truths of the wanted shape; only that is read.
        var length = Sample.EqualTo(Sample).Cast(DType.Int32);
        if (length.Shape.Rank > 1) length = length.Sum([.. Enumerable.Range(1, length.Shape.Rank - 1)]);
        return one.BroadcastToLike(Aligned(new(length.EqualTo(length), true), rank) | v.Value.EqualTo(v.Value));
    }

    /// <inheritdoc cref="Everywhere(Batched)"/>
    public Value[] Everywhere(IReadOnlyList<Batched> values) => [.. values.Select(Everywhere)];

    /// <summary>The value with dimensions of length 1 in front of an example's own, so that it broadcasts as an example of it would among values of the given rank.</summary>
    public static Value Aligned(Batched v, int rank)
    {
        var value = v.Value;
        if (!v.IsBatched) return value;
        while (value.Shape.Rank <= rank) value = value.ExpandDims(1);
        return value;
    }

    /// <summary>The value with the examples side by side along one of an example's dimensions: [N, …, d, …] as […, N·d, …].</summary>
    /// <exception cref="DunlinException">Too many lengths are unknown.</exception>
    public Value Merged(Batched v, int axis)
    {
        var value = Everywhere(v);
        var x = value.Shape;
        int[] order = [.. Enumerable.Range(1, axis), 0, .. Enumerable.Range(axis + 1, x.Rank - axis - 1)];
        var length = x[0] == Shape.Unknown || x[axis + 1] == Shape.Unknown ? Shape.Unknown : checked(x[0] * x[axis + 1]);
        Shape merged = [.. x.Dimensions[1..(axis + 1)], length, .. x.Dimensions[(axis + 2)..]];
        // What was just taken apart is put together for nothing.
        if (axis == 0 && value.Node.Operation is Reshape && value.Node.Inputs[0].Shape == merged) return value.Node.Inputs[0];
        return Reshaped(axis == 0 ? value : value.Transpose(order), merged);
    }

    /// <summary>Undoes <see cref="Merged"/>.</summary>
    /// <param name="value">The value.</param>
    /// <param name="axis">The dimension along which the examples stand.</param>
    /// <param name="example">The shape of one example.</param>
    /// <exception cref="DunlinException">Too many lengths are unknown.</exception>
    public Value Apart(Value value, int axis, Shape example)
    {
        var apart = Reshaped(value, [.. example.Dimensions[..axis], Length, .. example.Dimensions[axis..]]);
        return First(apart, axis);
    }

    /// <summary>
    /// Applies a node's operation, which treats what stands along the first dimension of its inputs apart, to the examples joined with that dimension.
    /// </summary>
    /// <param name="node">The node, as it is for one example.</param>
    /// <param name="inputs">The inputs for all examples.</param>
    /// <param name="shared">Inputs without such a dimension, which have to be the same for all examples.</param>
    /// <returns>The outputs, each with a first dimension for the examples; null where one of the shared inputs differs, or too many lengths are unknown.</returns>
    public IReadOnlyList<Value>? Joined(Node node, IReadOnlyList<Batched> inputs, params int[] shared)
    {
        if (shared.Any(i => inputs[i].IsBatched) || !node.Outputs.Concat(node.Inputs.Where((_, i) => !shared.Contains(i))).All(v => CanReshape(v.Shape))) return null;
        var outputs = node.Graph.AddNode(node.Operation, [.. inputs.Select((v, i) => shared.Contains(i) ? v.Value : Merged(v, 0))]).Outputs;
        return [.. outputs.Select((y, o) => Apart(y, 0, node.Outputs[o].Shape))];
    }

    /// <summary>Whether enough lengths are known to reshape examples of a shape.</summary>
    public bool CanReshape(Shape example) => Shape.Of(Length).Append(example.Dimensions).Dimensions.Count(Shape.Unknown) <= 1;

    /// <summary>The value in another shape, its dimension of the examples aside.</summary>
    /// <exception cref="DunlinException">Too many lengths are unknown.</exception>
    public Value WithShape(Value value, Shape example) => Reshaped(value, Shape.Of(Length).Append(example.Dimensions));

    /// <summary>The value with a dimension moved to the front.</summary>
    public static Value First(Value value, int axis) =>
        axis == 0 ? value : value.Transpose([axis, .. Enumerable.Range(0, value.Shape.Rank).Where(d => d != axis)]);

    /// <summary>The value with its first dimension moved to another place.</summary>
    public static Value Behind(Value value, int axis) =>
        axis == 0 ? value : value.Transpose([.. Enumerable.Range(1, axis), 0, .. Enumerable.Range(axis + 1, value.Shape.Rank - axis - 1)]);

    /// <summary>
    /// Numbers of rows, each example's in a range of its own, for tables that stand below each other. A number that is not one of
    /// <paramref name="bound"/> rows is an error when it runs, as it would be for one example.
    /// </summary>
    public Value Offset(Value numbers, int bound)
    {
        var graph = numbers.Graph;
        var sound = graph.Range(0, bound, type: numbers.Type).Gather(numbers);
        return sound + Aligned(new(graph.Add(new Sequence(0, bound, Length, numbers.Type), []), true), numbers.Shape.Rank - 1);
    }

    /// <summary><see cref="Offset"/> for numbers of which those below 0 name no row: they stay as they are.</summary>
    public Value OffsetRows(Value numbers, int bound) => Operations.Select(numbers >= 0, Offset(numbers.Maximum(numbers.Number(0)), bound), numbers);

    /// <summary>A table [R, d…] with those of all examples below each other, unless it is the same for all, and numbers [n] of its rows as one vector [N · n].</summary>
    public (Value Table, Value Numbers) Stacked(Batched table, Batched numbers)
    {
        var each = Everywhere(numbers);
        return table.IsBatched ? (Merged(table, 0), Offset(each, table.Value.Shape[1]).Reshape([-1])) : (table.Value, each.Reshape([-1]));
    }

    /// <summary>Index tuples [N, n…, k] of known shape with the number of their example before them: [N, n…, k + 1].</summary>
    public Value Numbered(Value tuples)
    {
        var examples = Aligned(new(tuples.Graph.Add(new Sequence(0, 1, Length, tuples.Type), []), true), tuples.Shape.Rank - 1);
        return Operations.Concat([examples.BroadcastTo(tuples.Shape.With(-1, 1)), tuples], tuples.Shape.Rank - 1);
    }

    /// <summary>Applies a formula that computes the same as the operation to all examples.</summary>
    public IReadOnlyList<Value> By(Node node, IReadOnlyList<Batched> inputs, Func<IReadOnlyList<Value>, IReadOnlyList<Value>> formula)
    {
        Value[] one = [.. node.Inputs.Select(i => i.Identity())];
        return Vectorize.Replay(formula(one), one, inputs, this);
    }

    private static Value Reshaped(Value value, Shape shape) => shape.Dimensions.Count(Shape.Unknown) <= 1
        ? value.Reshape(shape)
        : throw new DunlinException($"Vectorisation needs to know more lengths than one of {shape} (from {value}); state them where the inputs are made.");
}
