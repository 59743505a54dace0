"""Reductions by segment, along a dimension and by norm; triangles and diagonals; sparse matrices."""
import numpy as np
import torch
import torch.nn.functional as F

from golden import between, case, distinct, integers, numpy_case, signed

NONE = np.zeros(0, np.int64)

for name, x, segments in [("rows", (5, 2), [1, 0, 1, 2, 1]), ("vector", (4,), [0, 2, 1, 0]), ("one", (3, 1), [0, 1, 2])]:
    for op, kind in [("Max", "amax"), ("Min", "amin"), ("Product", "prod"), ("Mean", "mean")]:
        def reduced(x, s):
            index = s.reshape(-1, *[1] * (x.ndim - 1)).expand_as(x)
            return torch.zeros(3, *x.shape[1:], dtype=x.dtype).scatter_reduce(0, index, x, kind, include_self=False)
        case(f"Segment{op}/{name}", reduced, distinct(*x), segments)
case("SegmentProduct/zeros", lambda x, s: torch.stack([x[s == i].prod(0) for i in range(3)]), [[0.5, 0], [0, 0], [2, 3.0], [1, 4.0], [0, 5.0]], [0, 1, 0, 1, 0])

offsets = torch.tensor([0, 2, 2])  # Bags of rows 0-1, none, the rest.
for name, rows, segments in [("again", [2, 0, 2, 1, 2], [0, 0, 2, 2, 2]), ("some", [1, 1, 0], [0, 0, 2]), ("two", [3, 2], [0, 0])]:
    case(f"SparseSegmentSum/{name}", lambda table, i, s, w: F.embedding_bag(i, table, offsets, mode="sum", per_sample_weights=w), signed(4, 3), rows, segments, signed(len(rows)))
    case(f"SparseSegmentMean/{name}", lambda table, i, s: F.embedding_bag(i, table, offsets, mode="mean"), signed(4, 3), rows, segments)
for name, a, b, i, j in [("rows", (3, 2), (4, 2), [2, 0, 2], [3, 3, 1]), ("deep", (2, 2, 2), (3, 2, 2), [1, 1], [0, 2]), ("none", (3, 2), (3, 2), NONE, NONE)]:
    case(f"RowDot/{name}", lambda a, i, b, j: (a[i] * b[j]).flatten(1).sum(1), signed(*a), i, signed(*b), j)
for name, x in [("vector", [0, 4, 0]), ("one", [2]), ("again", [1, 1, 1, 3])]:
    case(f"WeightedBincount/{name}", lambda i, w: torch.bincount(i, w, 5), x, signed(len(x)), grad=False)

for axis in (0, 1, -1):
    case(f"CumulativeExtreme/max{axis}", lambda x: torch.cummax(x, axis), distinct(3, 4, 2))
    case(f"CumulativeExtreme/min{axis}", lambda x: torch.cummin(x, axis), distinct(3, 4, 2))
    case(f"CumulativeLogSumExp/axis{axis}", lambda x: torch.logcumsumexp(x, axis), signed(3, 4, 2))
case("CumulativeLogSumExp/backward", lambda x: torch.logcumsumexp(x.flip(0), 0).flip(0), signed(5))
case("CumulativeLogSumExp/far", lambda x: torch.logcumsumexp(x, 0), [-300.0, 200, 199, -500, 201])

for p in (0, 1, 2, 3, 1.5, np.inf, -np.inf):
    case(f"Norm/{p}-last", lambda x: torch.linalg.vector_norm(x, p, -1), distinct(3, 4))
    case(f"Norm/{p}-all", lambda x: torch.linalg.vector_norm(x, p), distinct(3, 4))
for name, x in [("vector", integers(0, 2, 7)), ("matrix", integers(0, 3, 2, 4)), ("none", NONE)]:
    case(f"CountNonZero/{name}", torch.count_nonzero, x)
for name, x in [("inside", between(0.01, 1, 6)), ("zero", [0, 0.5, 0.5]), ("one", [1.0])]:
    numpy_case(f"Entropy/{name}", lambda p: -np.sum(p * np.log(np.where(p > 0, p, 1))), x)
for name, x in [("many", between(-0.5, 1.5, 50)), ("edges", [0, 0.25, 0.5, 1.0]), ("none", np.zeros(0))]:
    numpy_case(f"Histogram/{name}", lambda x: np.histogram(x, 4, (0, 1))[0], x)
for name, a, b in [("near", [1, 2.0], [1.000001, 2]), ("far", [1, 2.0], [1.1, 2]), ("infinite", [np.inf], [np.inf])]:
    numpy_case(f"AllClose/{name}", lambda a, b: np.array(np.allclose(a, b)), a, b)

for offset in (-2, 0, 1):
    case(f"Triangle/upper{offset}", lambda x: torch.triu(x, offset), signed(2, 3, 4))
    case(f"Triangle/lower{offset}", lambda x: torch.tril(x, offset), signed(2, 3, 4))
    case(f"Diagonal/offset{offset}", lambda x: torch.diag_embed(x, offset), signed(2, 3))
    case(f"DiagonalPart/offset{offset}", lambda x: torch.diagonal(x, offset, -2, -1), signed(2, 3, 4))
for name, shape in [("wide", (3, 4)), ("tall", (4, 3)), ("batch", (2, 3, 3))]:
    case(f"SetDiagonal/{name}", lambda x, d: torch.diagonal_scatter(x, d, 0, -2, -1), signed(*shape), signed(*shape[:-2], 3))

PLACES = np.array([[0, 3], [1, 0], [1, 2], [2, 1]])
matrix = lambda i, v: torch.sparse_coo_tensor(i.T, v, (3, 4))
case("SparseMatMul/plain", lambda i, v, b: torch.sparse.mm(matrix(i, v), b), PLACES, signed(4), signed(4, 2))
case("SparseMatMul/transposed", lambda i, v, b: torch.sparse.mm(matrix(i, v).t(), b), PLACES, signed(4), signed(3, 2))
case("SparseMatMul/again", lambda i, v, b: matrix(i, v).to_dense() @ b, np.array([[2, 1], [0, 0], [2, 1]]), signed(3), signed(4, 1))
case("SparseSoftmax/rows", lambda i, v: torch.sparse.softmax(matrix(i, v), 1).coalesce().values(), PLACES, signed(4), grad=False)
for name, i in [("apart", PLACES), ("again", np.array([[2, 1], [0, 0], [2, 1]])), ("none", np.zeros((0, 2), np.int64))]:
    case(f"SparseToDense/{name}", lambda i, v: matrix(i, v).to_dense(), i, signed(len(i)))
    case(f"SparseCoalesce/{name}", lambda i, v: (matrix(i, v).coalesce().indices().T.contiguous(), matrix(i, v).coalesce().values()), i, signed(len(i)), grad=False)
