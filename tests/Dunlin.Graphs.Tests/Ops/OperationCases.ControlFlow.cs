using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Loops()
    {
        static Value Number(Graph graph, long n) => graph.Constant(n, DType.Int64);
        yield return new("Loop", (g, x) => ControlFlow.While([Number(g, 0), x[0]], s => s[0] < Number(g, 3), s => [s[0] + 1, (s[1] * x[1]).Sin()])[1], [Signed(2, 3), Signed(3)]);
        yield return new("Loop", (_, x) => ControlFlow.Fold(x[0], x[1], (sum, e) => (sum * e + x[2]).Tanh()), [Signed(4, 3), Signed(3), Signed()]);
        yield return new("Loop", (_, x) => ControlFlow.Fold(x[0], x[1], (sum, e) => (sum * e + x[2]).Tanh()), [Signed(0, 3), Signed(3), Signed()]);
        yield return One("Loop", x => ControlFlow.Map(x, e => e.Square().Sum()), Signed(3, 2));
        yield return new("Loop", (_, x) => ControlFlow.Scan([x[0]], [x[1]], (s, e) => ([(s[0].MatMul(x[2]) + e[0]).Tanh()], [s[0]]), new() { Reverse = true }).Outputs[0],
            [Signed(3, 2, 2), Signed(2, 2), Signed(2, 2)]);
        yield return new("Loop", (g, x) => ControlFlow.Repeat(Number(g, 3), [x[0]], (i, s) => [s[0].Square() * (i.Cast(DType.Float64) + 1)])[0], [Signed(2)]);
        yield return new("Loop", (_, x) => ControlFlow.Map(x[0], row => ControlFlow.Fold(row, x[1], (s, e) => s * e + x[1])), [Signed(3, 2), Signed()]);
        yield return new("Loop", (g, x) => ControlFlow.Repeat(Number(g, 3), [x[0]], (i, s) => [ControlFlow.Repeat(i, [s[0]], (_, t) => [t[0] * x[0]])[0]])[0], [Signed(2)]);
        yield return new("Loop", (_, x) => ControlFlow.Fold(x[1], x[0].Sum(), (s, i) => s + x[0].Gather(i).Square().Sum()), [Signed(4, 2), Tensor.From([1L, 3, 1])]);
        yield return new("If", (_, x) => ControlFlow.If(x[0].Sum() > x[0].Number(0), () => (x[0] * x[1]).Sin(), () => x[0].Square()), [Between(0.5, 1, 2, 3), Signed(3)]);
        yield return new("If", (_, x) => ControlFlow.If(x[0].Sum() > x[0].Number(0), () => (x[0] * x[1]).Sin(), () => x[0].Square()), [Between(-1, -0.5, 2, 3), Signed(3)]);
        yield return new("AddLists", (_, x) => Operations.AddLists(x[0].UnstackList(), x[1].UnstackList()).StackList(new(DType.Float64, [2])).Square().Sum([0]), [Signed(3, 2), Signed(3, 2)]);
        yield return One("UnstackList", x => x.UnstackList().StackList(new(DType.Float64, [2])).Square().Sum([0]), Signed(3, 2));
        yield return One("StackList", x => x.UnstackList().StackList(new(DType.Float64, [2])).Square().Sum([0]), Signed(3, 2));
        var two = new TensorType(DType.Float64, [2]);
        yield return new("AppendList", (_, x) => TensorArray.Unstack(x[0]).Append(x[1]).Append(x[1]).Stack(5).Sin(), [Signed(3, 2), Signed(2)]);
        yield return new("WriteList", (g, x) => TensorArray.Unstack(x[0]).Write(Number(g, 1), x[1]).Stack(3).Sin(), [Signed(3, 2), Signed(2)]);
        yield return new("WriteList", (g, x) => TensorArray.Zeros(Number(g, 4), two).Write(Number(g, 2), x[0]).Stack(4).Sin(), [Signed(2)]);
        yield return new("ReadList", (g, x) => TensorArray.Unstack(x[0]).Read(Number(g, 2)).Sin() * x[0], [Signed(3, 2)]);
        yield return new("ReadList", (g, x) => TensorArray.Unstack(x[0]).Gather(x[1]).Sin(), [Signed(3, 2), Tensor.From([2L, 0, 2, 1], [2, 2])]);
        yield return new("ReadRowsLike", (g, x) => g.Add(new ReadRowsLike(), [TensorArray.Unstack(x[0]), x[1], x[2]]).Sin(), [Signed(3, 2), Tensor.From([2L, 0, 2, 5]), Signed(4, 2)]);
        yield return new("ScatterList", (g, x) => new TensorArray(g.Add(new ScatterList(), [x[0], x[1]]), two).Stack(4).Sin(), [Signed(3, 2), Tensor.From([3L, 1, 3])]);
        yield return new("ScatterList", (g, x) => new TensorArray(g.Add(new ScatterList(), [x[0], x[1]]), two).Stack(4).Sin(), [Signed(2), Tensor.Scalar(3L)]);
        yield return new("TakeList", (g, x) => new TensorArray(g.Add(new TakeList(), [TensorArray.Unstack(x[0]), Number(g, 2)]), two).Stack(2).Sin(), [Signed(3, 2)]);
        yield return new("ClearElement", (g, x) => new TensorArray(g.Add(new ClearElement(), [TensorArray.Unstack(x[0]), Number(g, 1)]), two).Stack(3).Sin(), [Signed(3, 2)]);
        yield return new("ConcatList", (_, x) => TensorArray.Split(x[0], x[1]).Concat().Rows.Sin().Sum([0]), [Signed(6, 2), Tensor.From([3L, 0, 2, 1])]);
        yield return new("SplitList", (g, x) => TensorArray.Split(x[0], x[1]).Read(Number(g, 2), x[2]).Sin(), [Signed(6, 2), Tensor.From([3L, 0, 2, 1]), Signed(2, 2)]);
        yield return new("ConcatLike", (g, x) => g.Add(new ConcatLike(), [TensorArray.Unstack(x[0]), x[1], x[2]]).Sin(), [Signed(2, 1, 2), Signed(3, 2), Tensor.From([1L, 1, 1])]);
        var pairs = new TensorType(DType.Float64, [2, 2]);
        yield return new("BatchLists", (_, x) => new TensorArray(Operations.Concat([.. x.Select(v => v.UnstackList().ExpandDims(0))], 0).BatchLists(), pairs).Stack(3).Sin(), [Signed(3, 2), Signed(2, 2)]);
        yield return new("UnbatchList", (g, x) => new TensorArray(g.Add(new UnbatchList(), [x[0].Sin().UnstackList(), x[1]]).BatchLists(), pairs).Stack(3) * x[0], [Signed(3, 2, 2), Tensor.From([3L, 2])]);
        yield return new("StackLike", (g, x) => g.Add(new StackLike(), [x[0].UnstackList(), x[1]]), [Signed(2, 3), Signed(4, 3)]);
    }
}
