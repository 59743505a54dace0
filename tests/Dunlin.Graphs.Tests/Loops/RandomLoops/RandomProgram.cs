using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Loops.RandomLoops;

/// <summary>
/// A program made from a seed: sums and products of [2, 3] matrices, branches and loops that nest. It can be written with control flow or,
/// as the meaning of that, with every iteration and both branches spelled out.
/// </summary>
/// <param name="graph">Where it is written.</param>
/// <param name="seed">What it is made from.</param>
/// <param name="length">The first length of xs.</param>
/// <param name="unrolled">Whether it is spelled out.</param>
/// <param name="lists">Whether loops may carry lists of tensors. Programs without are the same as before there were any: seeds keep their stories.</param>
internal sealed class RandomProgram(Graph graph, int seed, int length, bool unrolled, bool lists = false)
{
    /// <summary>The whole program.</summary>
    /// <param name="x">[2, 3].</param>
    /// <param name="xs">[length, 2, 3].</param>
    /// <param name="w">[3, 3].</param>
    /// <returns>A scalar.</returns>
    public Value Of(Value x, Value xs, Value w)
    {
        var result = Block(new Random(seed), [x, w], xs, 0);
        return (result[0].Sin() * result[^1]).Sum() + result.Aggregate((a, b) => a + b).Square().Mean();
    }

    private static Value Any(Random random, List<Value> known) => known[random.Next(4) == 0 ? random.Next(known.Count) : known.Count - 1 - random.Next(Math.Min(3, known.Count))];

    /// <summary>Some statements one after the other; the first known values are [2, 3], w, others.</summary>
    private List<Value> Block(Random random, List<Value> known, Value xs, int depth)
    {
        var w = known[1];
        var values = known.Where(k => k != w).ToList();
        for (var i = random.Next(1, depth == 0 ? 5 : 4); i > 0; i--) values.AddRange(Statement(random, values, w, xs, depth));
        return values;
    }

    private List<Value> Statement(Random random, List<Value> known, Value w, Value xs, int depth)
    {
        var (a, b) = (Any(random, known), Any(random, known));
        var kind = random.Next(depth > 2 ? 6 : lists ? 20 : 16);
        var inner = new Random(random.Next());
        switch (kind)
        {
            case 0: return [(a * b).Sin()];
            case 1: return [(a.MatMul(w) + b).Tanh()];
            case 2: return [a * 0.5 + b];
            case 3: return [a * b.Mean()];
            case 4: return [a * 0.25 + b.Sum([0]).Tanh()];
            case 5: return [(a - b).Sigmoid()];
            case 6 or 7: return [Branch(inner.Next(), known, w, xs, depth)];
            case 8 or 9 or 10: return Repeated(inner, known, w, xs, depth);
            case > 15: return Listed(inner, known, w, xs, depth);
            default: return Scanned(inner, known, w, xs, depth);
        }
    }

    /// <summary>A loop that reads two elements of a list, appends a third and changes the second.</summary>
    private List<Value> Listed(Random random, List<Value> known, Value w, Value xs, int depth)
    {
        var (seed, count, a, b) = (random.Next(), random.Next(4), Any(random, known), Any(random, known));
        (Value State, Value Next, Value Changed) Body(Value state, Value older, Value newer)
        {
            var values = Block(new Random(seed), [state, w, older, newer, known[^1]], xs, depth + 1);
            return (values[^1], values[^2], (newer * values[^1]).Tanh());
        }
        if (unrolled)
        {
            var (state, all) = (a, new List<Value> { a, b });
            for (var i = 0; i < count; i++)
            {
                var (next, appended, changed) = Body(state, all[i], all[i + 1]);
                (state, all[i + 1]) = (next, changed);
                all.Add(appended);
            }
            return [state, all.Aggregate((s, e) => s + e)];
        }
        var first = TensorArray.Empty(graph, a.TensorType).Append(a).Append(b);
        List<Value> Step(Value i, Value state, Value list)
        {
            var all = first.With(list);
            var (next, appended, changed) = Body(state, all.Read(i, like: a), all.Read(i + 1, like: a));
            return [next, all.Append(appended).Write(i + 1, changed)];
        }
        Value Number(int n) => graph.Constant(n, DType.Int64);
        IReadOnlyList<Value> last = random.Next(2) == 0
            ? ControlFlow.Repeat(Number(count), [a, first], (i, s) => Step(i, s[0], s[1]))
            : [.. ControlFlow.While([Number(0), a, first], s => s[0] < Number(count), s => [s[0] + 1, .. Step(s[0], s[1], s[2])]).Skip(1)];
        return [last[0], Enumerable.Range(0, count + 2).Select(i => first.With(last[1]).Read(Number(i), like: a)).Aggregate((s, e) => s + e)];
    }

    private Value Branch(int seed, List<Value> known, Value w, Value xs, int depth)
    {
        Value Side(int side) => Block(new Random(seed + side), [known[0], w, .. known.Skip(1)], xs, depth + 1)[^1].Tanh();
        var condition = known[^1].Sum() > known[^1].Number(0.1);
        return unrolled ? Operations.Select(condition, Side(0), Side(1)) : ControlFlow.If(condition, () => Side(0), () => Side(1));
    }

    private List<Value> Repeated(Random random, List<Value> known, Value w, Value xs, int depth)
    {
        var (seed, count, initial) = (random.Next(), random.Next(4), States(random, known));
        List<Value> Body(Value number, IReadOnlyList<Value> states) =>
            Next(seed, [.. states, states[0] * (number.Cast(states[0].Type) * 0.3 + 0.2)], states, known, w, xs, depth);
        if (unrolled)
        {
            var states = initial;
            for (var i = 0; i < count; i++) states = Body(graph.Constant(i, DType.Int64), states);
            return states;
        }
        return [.. random.Next(2) == 0
            ? ControlFlow.Repeat(graph.Constant(count, DType.Int64), initial, Body)
            : ControlFlow.While([graph.Constant(0, DType.Int64), .. initial], s => s[0] < graph.Constant(count, DType.Int64), s => [s[0] + 1, .. Body(s[0], [.. s.Skip(1)])]).Skip(1)];
    }

    private List<Value> Scanned(Random random, List<Value> known, Value w, Value xs, int depth)
    {
        var (seed, reverse, initial, output) = (random.Next(), random.Next(2) == 0, States(random, known), random.Next(3));
        (List<Value> States, Value Output) Body(IReadOnlyList<Value> states, Value element)
        {
            var next = Next(seed, [.. states, (states[0] + element).Tanh()], states, known, w, xs, depth);
            return (next, output switch { 0 => next[0] * element, 1 => states[^1], _ => known[0] });
        }
        if (unrolled)
        {
            var (states, sum) = (initial, known[0].ZerosLike());
            for (var i = 0; i < length; i++)
            {
                var at = reverse ? length - 1 - i : i;
                var element = xs.StridedSlice(at..(at + 1)).Squeeze(0);
                var (next, given) = Body(states, element);
                (states, sum) = (next, sum + given * element);
            }
            return [.. states, sum];
        }
        var (last, outputs) = ControlFlow.Scan([xs], initial, (s, e) =>
        {
            var (next, given) = Body(s, e[0]);
            return (next, [given]);
        }, new() { Reverse = reverse });
        return [.. last, (outputs[0] * xs).Sum([0])];
    }

    private static List<Value> States(Random random, List<Value> known) => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Any(random, known))];

    /// <summary>The next states: computed, kept, traded or from outside.</summary>
    private List<Value> Next(int seed, List<Value> inside, IReadOnlyList<Value> states, List<Value> known, Value w, Value xs, int depth)
    {
        var random = new Random(seed);
        var values = Block(random, [inside[0], w, .. inside.Skip(1), known[^1]], xs, depth + 1);
        return [.. states.Select((s, i) => random.Next(8) switch { 0 => s, 1 => states[(i + 1) % states.Count], 2 => known[0], _ => values[^(1 + random.Next(2))] })];
    }
}
