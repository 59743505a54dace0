"""Operations that move elements."""
import numpy as np
import torch
import torch.nn.functional as F

from golden import backward, between, case, distinct, integers, numpy_case, signed, truths

case("Reshape/rows", lambda x: x.reshape(3, -1), signed(2, 3, 2))
case("Reshape/scalar", lambda x: x.reshape(()), signed(1, 1))
case("Reshape/empty", lambda x: x.reshape(3, 0), signed(0, 3))
case("Reshape/integers", lambda x: x.reshape(6), integers(0, 9, 2, 3, dtype=np.int32))
for name, x, like in [("matrix", (2, 3), (3, 2)), ("vector", (4, 1, 2), (8,)), ("empty", (0, 2), (4, 0))]:
    case(f"ReshapeLike/{name}", torch.Tensor.reshape_as, signed(*x), signed(*like))
case("Flatten/images", lambda x: torch.flatten(x, 1), signed(2, 3, 2, 2))
case("Flatten/all", lambda x: torch.flatten(x, 0), signed(2, 3))
case("Flatten/empty", lambda x: torch.flatten(x, 1), signed(2, 0, 3))
for i, shape in enumerate([(2,), (2, 3), (0,)]):
    case(f"Identity/{i}", torch.clone, signed(*shape))
    case(f"CheckFinite/{i}", torch.clone, signed(*shape))
    case(f"StopGradient/{i}", lambda x: x.detach() * x, signed(*shape))
    case(f"ShapeOf/{i}", lambda x: torch.tensor(x.shape), signed(*shape), grad=False)
    case(f"SizeOf/{i}", lambda x: torch.tensor(x.numel()), signed(*shape), grad=False)
for axis in (0, 1, 2, -1):
    case(f"ExpandDims/{axis}", lambda x: x.unsqueeze(axis), signed(2, 3))
case("Squeeze/first", lambda x: x.squeeze(0), signed(1, 3, 1))
case("Squeeze/ends", lambda x: x.squeeze(-1).squeeze(0), signed(1, 3, 1))
case("Squeeze/empty", lambda x: x.squeeze(1), signed(0, 1))

broadcasts = [("lead", (3,), (4, 3)), ("middle", (2, 1), (4, 2, 3)), ("scalar", (), (2, 2)), ("empty", (1, 3), (0, 3)), ("same", (2, 3), (2, 3))]
for name, x, like in broadcasts:
    case(f"BroadcastTo/{name}", lambda x, like: x.expand_as(like), signed(*x), signed(*like))
    case(f"ReduceToLike/{name}", lambda x, like: x.sum_to_size(like.shape), signed(*like), signed(*x))
    case(f"BroadcastToShape/{name}", lambda x: x.expand(like), signed(*x))
for i, shape in enumerate([(2, 3), (), (0, 4)]):
    case(f"FillLike/{i}", lambda like, x: x.expand_as(like), signed(*shape), signed())

case("Concat/middle", lambda a, b: torch.cat([a, b, a], 1), signed(2, 3, 2), signed(2, 1, 2))
case("Concat/last", lambda a, b: torch.cat([a, b], -1), signed(2, 3), signed(2, 0))
case("Concat/integers", lambda a, b: torch.cat([a, b]), integers(0, 9, 3), integers(0, 9, 1))
case("Concat/stack", lambda a, b: torch.stack([a, b], -1), signed(2, 3), signed(2, 3))
parts = (signed(5, 2), signed(2, 2), signed(3, 2))
case("ConcatPart/0", lambda x, a, b: x.narrow(0, 0, 2), *parts)
case("ConcatPart/1", lambda x, a, b: x.narrow(0, 2, 3), *parts)
case("ConcatPart/empty", lambda x, a, b: x.narrow(1, 0, 0), signed(2, 3), signed(2, 0), signed(2, 3))
case("Split/uneven", lambda x: torch.split(x, [1, 3], 1), signed(2, 4, 2))
case("Split/equal", lambda x: torch.split(x, 2, -1), signed(2, 4))
case("Split/empty", lambda x: torch.split(x, [0, 3], 0), signed(3, 2))
case("Split/unstack", lambda x: torch.unbind(x, 1), signed(2, 3))
for order in [(1, 0, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)]:
    case("Transpose/" + "".join(map(str, order)), lambda x: x.permute(order), signed(2, 3, 4))
case("Transpose/matrix", lambda x: x.t(), signed(3, 5))
case("Transpose/empty", lambda x: x.t(), signed(3, 0))

for name, numbers in [("vector", [1, 3, 1]), ("matrix", [[0, 2], [2, 3]]), ("none", np.zeros(0, np.int64)), ("scalar", np.int64(2))]:
    case(f"Gather/{name}", lambda table, i: table[i], signed(4, 2), numbers)
case("Gather/long-rows", lambda table, i: F.embedding(i, table.flatten(1)).reshape(-1, 2, 3), signed(3, 2, 3), np.array([2, 0, 2], np.int32))
for name, numbers in [("again", [1, 3, 1]), ("none", np.zeros(0, np.int64)), ("one", [2])]:
    case(f"ScatterAdd/{name}", lambda table, i, rows: table.index_add(0, i, rows), signed(4, 2), numbers, signed(len(numbers), 2))
    case(f"SegmentSum/{name}", lambda x, i: torch.zeros(4, 2, dtype=x.dtype).index_add(0, i, x), signed(len(numbers), 2), numbers)
    case(f"Bincount/{name}", lambda i: torch.bincount(i, minlength=5), numbers)
for name, x, numbers in [("rows", (2, 4), [[3, 0, 3], [1, 1, 2]]), ("deep", (2, 1, 3), [[[0, 2]], [[1, 1]]]), ("vector", (5,), [4, 4, 0])]:
    case(f"TakeAlong/{name}", lambda x, i: torch.gather(x, -1, i), signed(*x), numbers)
    case(f"PutAlong/{name}", lambda x, i, like: torch.zeros_like(like).scatter_add(-1, i, x), signed(*np.shape(numbers)), numbers, signed(*x))

for name, x in [("rows", distinct(2, 5)), ("one", distinct(3, 1)), ("long", distinct(40)), ("equal", integers(0, 3, 2, 9)), ("empty", distinct(0, 3))]:
    case(f"Sort/ascending-{name}", lambda x: torch.sort(x, stable=True), x)
    case(f"Sort/descending-{name}", lambda x: torch.sort(x, stable=True, descending=True), x)
case("Sort/top-3", lambda x: torch.topk(x, 3), distinct(2, 20))
for k in (1, 2, 4):
    case(f"InTopK/{k}", lambda p, t: (torch.topk(p, k).indices == t[:, None]).any(1), distinct(6, 4), integers(0, 4, 6), grad=False)

for name, x in [("vector", (3,)), ("rows", (2, 3)), ("empty", (2, 0)), ("one", (1,))]:
    case(f"Diagonal/{name}", torch.diag_embed, signed(*x))
    case(f"DiagonalPart/{name}", lambda x: torch.diagonal(x, dim1=-2, dim2=-1), signed(*x, x[-1]))
for name, lower, upper in [("tridiagonal", 1, 1), ("lower", None, 0), ("upper", 0, None), ("wide", 2, 9)]:
    def band(x):
        x = x if upper is None else torch.tril(x, upper)
        return x if lower is None else torch.triu(x, -lower)
    case(f"BandPart/{name}", band, signed(2, 4, 5))
case("OneHot/vector", lambda i: F.one_hot(i, 4), [0, 3, 1])
case("OneHot/matrix", lambda i: F.one_hot(i, 2).double(), [[0, 1], [1, 1]])
case("OneHot/one", lambda i: F.one_hot(i, 1).float(), [0, 0])

case("Sequence/range", lambda: torch.arange(2, 11, 3))
case("Sequence/down", lambda: torch.arange(1.0, -1.0, -0.25, dtype=torch.float64))
case("Sequence/none", lambda: torch.arange(3, 3, dtype=torch.int32))
case("Sequence/linspace", lambda: torch.linspace(-1, 2, 7, dtype=torch.float64))
for name, rows, columns in [("square", 3, 3), ("wide", 2, 4), ("tall", 4, 1)]:
    case(f"Eye/{name}", lambda: torch.eye(rows, columns, dtype=torch.float64))

# What a rearrangement is, and its gradient, which is an operation of its own.
REARRANGED = {
    "StridedSlice/rows": lambda x: x[1:3], "StridedSlice/inner": lambda x: x[:, 1:-1], "StridedSlice/none": lambda x: x[3:1],
    "StridedSlice/backward": lambda x: torch.flip(x, [0])[:, [2, 0]], "Reverse/rows": lambda x: torch.flip(x, [0]), "Reverse/both": lambda x: torch.flip(x, [1, 0]),
    "Roll/rows": lambda x: torch.roll(x, 2, 0), "Roll/far": lambda x: torch.roll(x, -7, 1), "Pad/constant": lambda x: F.pad(x, (0, 2, 1, 0), value=3),
    "Pad/zero": lambda x: F.pad(x, (1, 1, 2, 0)), "MirrorPad/edge-out": lambda x: F.pad(x[None], (1, 2, 2, 0), mode="reflect")[0],
    "MirrorPad/columns": lambda x: F.pad(x, (2, 1), mode="reflect"), "Tile/both": lambda x: torch.tile(x, (2, 3)), "Tile/columns": lambda x: torch.tile(x, (1, 2)),
}
for key, function in REARRANGED.items():
    case(key, function, signed(4, 3))
    case("RearrangementBackward/" + key.replace("/", "-").lower(), lambda x, dy: backward(function, 0)(x, dy)[0], signed(4, 3), signed(*function(torch.zeros(4, 3)).shape))
case("Reverse/one", lambda x: torch.flip(x, [0]), signed(1))
case("Roll/empty", lambda x: torch.roll(x, 1, 0), signed(0, 2))
case("Pad/empty", lambda x: F.pad(x, (1, 2)), signed(0))
case("Tile/scalars", lambda x: torch.tile(x, (4,)), signed(1))
numpy_case("MirrorPad/symmetric", lambda x: np.pad(x, ((2, 4), (3, 0)), "symmetric"), signed(4, 3))
