"""Operations that choose elements by number, by condition or by rank, and those whose shapes depend on elements."""
import numpy as np
import torch

from golden import backward, case, distinct, integers, numpy_case, signed, truths

NONE = np.zeros(0, np.int64)
PAIRS = np.array([[0, 1], [2, 0], [0, 1], [1, 1]])
ROWS = np.array([[3], [0], [3]])

case("GatherNd/pairs", lambda x, i: x[i[:, 0], i[:, 1]], signed(3, 2), PAIRS)
case("GatherNd/rows", lambda x, i: x[i[:, 0]], signed(4, 2), ROWS)
case("GatherNd/grid", lambda x, i: x[i[..., 0], i[..., 1]], signed(3, 2, 2), PAIRS.reshape(2, 2, 2))
case("GatherNd/none", lambda x, i: x[i[:, 0], i[:, 1]], signed(3, 2), np.zeros((0, 2), np.int64))
for name, x, i in [("pairs", (3, 2), PAIRS), ("rows", (4, 2), ROWS), ("none", (3, 2), np.zeros((0, 2), np.int64))]:
    rows = signed(*(len(i), *x[i.shape[1]:]))
    place = lambda i: tuple(i.unbind(-1))
    case(f"ScatterNdAdd/{name}", lambda x, i, r: x.index_put(place(i), r, accumulate=True), signed(*x), i, rows)
    # The same by rows: each cell is a row of a flat table.
    flat = lambda x, i: (x.reshape(-1, *x.shape[i.shape[1]:]), sum(c * int(np.prod(x.shape[d + 1:i.shape[1]])) for d, c in enumerate(i.unbind(-1))))
    def reduced(x, i, r):
        table, cells = flat(x, i)
        return table.scatter_reduce(0, cells.reshape(-1, *[1] * (r.ndim - 1)).expand_as(r), r, kind).reshape(x.shape)
    for op, kind in [("Max", "amax"), ("Min", "amin"), ("Multiply", "prod")]:
        case(f"ScatterNd{op}/{name}", reduced, distinct(*x), i, rows)
for name, x, i in [("pairs", (3, 2), PAIRS[1:]), ("rows", (4, 2), ROWS[:2]), ("none", (3, 2), np.zeros((0, 2), np.int64))]:
    case(f"ScatterNdUpdate/{name}", lambda x, i, r: x.index_put(tuple(i.unbind(-1)), r), signed(*x), i, signed(*(len(i), *x[i.shape[1]:])))

for axis, i in [(0, [[[2, 0], [2, 1]]]), (1, [[[1, 0]], [[0, 0]], [[1, 1]]]), (-1, [[[1], [0]], [[0], [0]], [[1], [1]]])]:
    case(f"TakeAlong/axis{axis}", lambda x, i: torch.gather(x, axis, i), signed(3, 2, 2), i)
    case(f"PutAlong/axis{axis}", lambda x, i, like: torch.zeros_like(like).scatter_add(axis, i, x), signed(*np.shape(i)), i, signed(3, 2, 2))
    case(f"ReplaceAlong/axis{axis}", lambda x, i, v: torch.scatter(x, axis, i, v), signed(3, 2, 2), i, signed(*np.shape(i)))
    case(f"AddAlong/axis{axis}", lambda x, i, v: torch.scatter_add(x, axis, i, v), signed(3, 2, 2), i, signed(*np.shape(i)))
for axis in (1, 2, -2):
    for name, i in [("vector", [1, 0, 1]), ("none", NONE)]:
        case(f"GatherAxis/axis{axis}-{name}", lambda x, i: torch.index_select(x, axis, i), signed(3, 2, 2), i)
        taken = lambda x, i: torch.index_select(x, axis, i)
        case(f"GatherAxisBackward/axis{axis}-{name}", lambda dy, i, x: backward(taken, 0)(x, i, dy)[0],
             signed(*torch.index_select(torch.zeros(3, 2, 2), axis, torch.as_tensor(i)).shape), i, signed(3, 2, 2))

for name, x, lengths in [("batch", (3, 4, 2), [0, 4, 3]), ("vectors", (2, 5), [5, 2]), ("one", (1, 1), [1])]:
    case(f"ReverseSequence/{name}", lambda x, n: torch.stack([torch.cat([torch.flip(r[:k], [0]), r[k:]]) for r, k in zip(x, n)]), signed(*x), lengths)

for axis, size, step in [(0, 2, 1), (1, 3, 2), (-1, 1, 3)]:
    windows = lambda x: x.unfold(axis, size, step).movedim(-1, axis + 1 if axis >= 0 else x.ndim)
    case(f"Unfold/{axis}-{size}-{step}", windows, signed(4, 5, 3))
    case(f"Fold/{axis}-{size}-{step}", lambda dy, x: backward(windows, 0)(x, dy)[0], signed(*windows(torch.zeros(4, 5, 3)).shape), signed(4, 5, 3))
for times, axis in [(3, 1), (1, 0), (2, -1)]:
    case(f"Repeat/{times}-{axis}", lambda x: torch.repeat_interleave(x, times, axis), signed(2, 3, 2))

for name, x in [("vector", [1, 2, 0]), ("one", [0]), ("none", NONE)]:
    numpy_case(f"InvertPermutation/{name}", np.argsort, x)
for name, a, b in [("equal", [2, 3], [2, 3]), ("ones", [2, 1, 3], [4, 1]), ("scalar", NONE, [5, 1])]:
    numpy_case(f"BroadcastShape/{name}", lambda a, b: np.array(np.broadcast_shapes(tuple(a), tuple(b))), a, b)

SORTED = [-0.5, 0.1, 0.1, 0.7, 2.0]
for right in (False, True):
    side = "right" if right else "left"
    case(f"SearchSorted/{side}-vector", lambda s, v: torch.searchsorted(s, v, right=right), SORTED, [[-1, 0.1, 0.5], [0.7, 3, 2]], grad=False)
    case(f"SearchSorted/{side}-rows", lambda s, v: torch.searchsorted(s, v, right=right), [[1.0, 3], [5, 7]], [[2.0], [5]], grad=False)
    case(f"Bucketize/{side}", lambda x: torch.bucketize(x, torch.tensor(SORTED, dtype=x.dtype), right=not right), [0.1, -2, 5, 0.7], grad=False)
case("SearchSorted/none", lambda s, v: torch.searchsorted(s, v), np.zeros(0), [1.0, 2], grad=False)
for axis in (0, 1, -1):
    case(f"Median/{axis}", lambda x: torch.quantile(x, 0.5, axis), distinct(4, 3, 2))
    case(f"Quantile/{axis}", lambda x: torch.quantile(x, 0.3, axis, keepdim=True), distinct(4, 3, 2))
    case(f"KthValue/{axis}", lambda x: torch.kthvalue(x, 2, axis), distinct(4, 3, 2))
    case(f"Sort/axis{axis}", lambda x: torch.sort(x, axis, descending=True), distinct(4, 3, 2))

for name, shape in [("vector", (7,)), ("matrix", (3, 4)), ("none", (0, 2))]:
    case(f"NonZero/{name}", torch.nonzero, truths(*shape), grad=False)
    case(f"BooleanMask/{name}", lambda x, mask: x[mask], signed(*shape), truths(*shape))
    numpy_case(f"Unique/{name}", lambda x: np.unique(x, return_inverse=True, return_counts=True)[:1] + (np.unique(x, return_inverse=True)[1].reshape(x.shape), np.unique(x, return_counts=True)[1]), integers(0, 4, *shape))
numpy_case("Unique/rows", lambda x: np.unique(x, axis=0, return_inverse=True, return_counts=True), integers(0, 2, 6, 2))
for name, a, b in [("vector", integers(0, 9, 8), integers(0, 9, 5)), ("matrix", integers(0, 5, 3, 2), integers(0, 5, 2, 2)), ("none", integers(0, 9, 4), NONE)]:
    numpy_case(f"IsIn/{name}", np.isin, a, b)
    numpy_case(f"Intersection/{name}", np.intersect1d, a, b)
    numpy_case(f"Union/{name}", np.union1d, a, b)
    numpy_case(f"SetDifference/{name}", np.setdiff1d, a, b)
    numpy_case(f"SymmetricDifference/{name}", np.setxor1d, a, b)
for name, x, parts in [("rows", (5, 2), [2, 0, 2, 1, 0]), ("vector", (3,), [1, 1, 1]), ("none", (0, 2), NONE)]:
    case(f"DynamicPartition/{name}", lambda x, p: [x[p == i] for i in range(3)], signed(*x), parts)
for name, counts in [("vector", [2, 0, 3]), ("ones", [1, 1]), ("none", NONE)]:
    numpy_case(f"RepeatNumbers/{name}", lambda n: np.repeat(np.arange(len(n)), n), counts)
for name, numbers in [("up", (2, 11, 3)), ("down", (5, 0, -2)), ("none", (3, 3, 1))]:
    numpy_case(f"DynamicRange/{name}", np.arange, *(np.int64(n) for n in numbers))
for name, lengths in [("matrix", [2, 3]), ("none", [0, 2]), ("scalar", NONE)]:
    case(f"DynamicFill/{name}", lambda x, n: x.expand(n.tolist()), signed(), lengths)
for name, shape, lengths in [("rows", (2, 3), [3, -1]), ("vector", (2, 3), [6]), ("scalar", (1, 1), NONE)]:
    case(f"DynamicReshape/{name}", lambda x, n: x.reshape(n.tolist()), signed(*shape), lengths)

for name, shape in [("square", (3, 3)), ("wide", (2, 4)), ("batch", (2, 3, 2))]:
    for quarters in (1, 2, -1):
        case(f"Rot90/{name}{quarters}", lambda x: torch.rot90(x, quarters), signed(*shape))
for count in (1, 3, 4):
    case(f"Vandermonde/{count}", lambda x: torch.stack([x ** j for j in range(count)], -1), signed(3))
case("Meshgrid/two", lambda a, b: torch.meshgrid(a, b, indexing="ij"), signed(2), signed(3))
case("Meshgrid/three", lambda a, b, c: torch.meshgrid(a, b, c, indexing="ij"), signed(2), signed(1), signed(3))
case("Meshgrid/one", lambda a: torch.meshgrid(a, indexing="ij"), signed(4))


def recurrence(a, b, exclusive, backward):
    """Along the last dimension, step by step."""
    steps = list(range(a.shape[-1]))
    h, out = torch.zeros_like(b[..., 0]), {}
    for t in reversed(steps) if backward else steps:
        before, h = h, a[..., t] * h + b[..., t]
        out[t] = before if exclusive else h
    return torch.stack([out[t] for t in steps], -1)


for exclusive in (False, True):
    for back in (False, True):
        case(f"LinearRecurrence/{'exclusive' if exclusive else 'inclusive'}-{'backward' if back else 'forward'}", lambda a, b: recurrence(a, b, exclusive, back), signed(2, 5), signed(2, 5))
ZEROS = [[0.5, -2, 0.7], [1.5, 0, 0.6], [0, 0.8, 0], [0, 0, 3]]
case("Reduce/product-zeros", lambda x: x.prod(1), ZEROS)
case("Cumulative/product-zeros", lambda x: x.cumprod(1), ZEROS)
