"""Matrices: products, factorisations, systems of equations, spectra."""
import numpy as np
import torch

from golden import case, signed


def definite(x):
    """A symmetric positive definite matrix made of any."""
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


def regular(*shape):
    """Matrices far from singular, without symmetry."""
    return lambda random: signed(*shape)(random) + 2.5 * np.eye(shape[-1])


SQUARES = {"one": (3, 3), "batch": (2, 4, 4), "order1": (2, 1, 1), "large": (20, 20)}
for name, shape in SQUARES.items():
    right = (*shape[:-1], 2)
    case(f"Cholesky/{name}", lambda x: torch.linalg.cholesky(definite(x)), signed(*shape))
    case(f"CholeskySolve/{name}", lambda x, b: torch.cholesky_solve(b, torch.linalg.cholesky(definite(x))), signed(*shape), signed(*right))
    case(f"Solve/{name}", torch.linalg.solve, regular(*shape), signed(*right))
    case(f"Solve/transposed-{name}", lambda a, b: torch.linalg.solve(a.mT, b), regular(*shape), signed(*right))
    case(f"TriangularSolve/lower-{name}", lambda a, b: torch.linalg.solve_triangular(a.tril(), b, upper=False), regular(*shape), signed(*right))
    case(f"TriangularSolve/upper-{name}", lambda a, b: torch.linalg.solve_triangular(a.triu(), b, upper=True), regular(*shape), signed(*right))
    case(f"TriangularSolve/transposed-{name}", lambda a, b: torch.linalg.solve_triangular(a.tril().mT, b, upper=True), regular(*shape), signed(*right))
    if name != "large":
        case(f"TriangularSolve/unit-{name}", lambda a, b: torch.linalg.solve_triangular(a.tril(), b, upper=False, unitriangular=True), regular(*shape), signed(*right))
    case(f"Inverse/{name}", torch.linalg.inv, regular(*shape))
    case(f"Determinant/{name}", torch.linalg.det, regular(*shape))
    case(f"LogDeterminant/{name}", lambda x: tuple(torch.linalg.slogdet(x)), signed(*shape))
    case(f"Lu/{name}", lambda x: tuple(torch.linalg.lu(x)), signed(*shape))
    case(f"MatrixExponential/{name}", torch.matrix_exp, signed(*shape))
    case(f"MatrixPower/fifth-{name}", lambda x: torch.linalg.matrix_power(x, 5), signed(*shape))
    case(f"MatrixPower/inverse-{name}", lambda x: torch.linalg.matrix_power(x, -2), regular(*shape))
    case(f"Trace/{name}", lambda x: x.diagonal(dim1=-2, dim2=-1).sum(-1), signed(*shape))
    # Squares do not depend on the vectors' signs.
    case(f"SymmetricEigen/{name}", lambda x: (lambda w: (w[0], w[1].square()))(torch.linalg.eigh(x + x.mT)), signed(*shape))
    # In an order of their own: each side's algorithm has another.
    case(f"Eigen/{name}", lambda x: (lambda w: (w.real.sort()[0], w.imag.sort()[0]))(torch.linalg.eigvals(x)), signed(*shape))
case("MatrixExponential/large-norm", lambda x: torch.matrix_exp(8 * x), signed(3, 3))
case("Solve/empty", torch.linalg.solve, signed(0, 2, 2), signed(0, 2, 3))
case("Determinant/order0", torch.linalg.det, np.zeros((2, 0, 0)), grad=False)

for name, shape in {"square": (3, 3), "tall": (5, 2), "wide": (2, 4), "batch": (2, 4, 3), "row": (1, 3), "column": (3, 1), "large": (24, 10)}.items():
    case(f"Qr/{name}", lambda x: tuple(torch.linalg.qr(x)), signed(*shape))
    case(f"Svd/{name}", lambda x: (lambda f: (f[0].square(), f[1], f[2].mT.square()))(torch.linalg.svd(x, full_matrices=False)), signed(*shape))
    case(f"PseudoInverse/{name}", torch.linalg.pinv, signed(*shape))
    case(f"ConditionNumber/{name}", torch.linalg.cond, signed(*shape))
    for norm, kind in {"frobenius": "fro", "nuclear": "nuc", "spectral": 2}.items():
        case(f"MatrixNorm/{norm}-{name}", lambda x: torch.linalg.matrix_norm(x, kind), signed(*shape))
    case(f"LeastSquares/{name}", lambda a, b: torch.linalg.pinv(a) @ b, signed(*shape), signed(*shape[:-1], 2))
    case(f"MatrixRank/{name}", torch.linalg.matrix_rank, signed(*shape), grad=False)
case("PseudoInverse/rank1", lambda x, y: torch.linalg.pinv(torch.outer(x, y), rtol=1e-6), signed(4), signed(3))
case("MatrixRank/rank1", lambda x, y: torch.linalg.matrix_rank(torch.outer(x, y)), signed(4), signed(3), grad=False)

EQUATIONS = {
    "product": ("ij,jk->ik", (2, 3), (3, 4)), "implicit": ("ij,jk", (2, 3), (3, 4)), "trace": ("ii", (3, 3)), "diagonal": ("ii->i", (3, 3)), "transpose": ("ba", (2, 3)), "sum": ("ijk->j", (2, 3, 4)),
    "batch": ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), "ellipsis": ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)), "chain": ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), "bilinear": ("bn,anm,bm->ba", (2, 5), (3, 5, 4), (2, 4)),
    "outer": ("i,j->ij", (2,), (3,)), "several": ("abc,dcb->da", (2, 3, 4), (5, 4, 3)),
}
for name, (equation, *shapes) in EQUATIONS.items():
    case(f"Einsum/{name}", lambda *x: torch.einsum(equation, *x), *[signed(*s) for s in shapes])
for name, x, y in [("vectors", (3,), (3,)), ("rows", (2, 4), (2, 4)), ("spread", (2, 1, 3), (4, 3))]:
    case(f"Dot/{name}", lambda x, y: (x * y).sum(-1), signed(*x), signed(*y))
for name, x, y in [("vectors", (3,), (2,)), ("one", (1,), (4,)), ("empty", (0,), (2,))]:
    case(f"Outer/{name}", torch.outer, signed(*x), signed(*y))
for name, x, y, axes in [("one", (2, 3), (3, 4), ([1], [0])), ("two", (2, 3, 4), (4, 3, 2), ([1, 2], [1, 0])), ("none", (2,), (3,), ([], []))]:
    case(f"TensorDot/{name}", lambda x, y: torch.tensordot(x, y, axes), signed(*x), signed(*y))
for name, shape, axis in [("vector", (3,), 0), ("rows", (4, 3), -1), ("middle", (2, 3, 2), 1)]:
    case(f"Cross/{name}", lambda x, y: torch.linalg.cross(x, y, dim=axis), signed(*shape), signed(*shape))
for name, x, y in [("square", (2, 2), (3, 3)), ("mixed", (1, 3), (2, 4)), ("batch", (2, 2, 1), (2, 1, 3))]:
    case(f"Kronecker/{name}", torch.kron if name != "batch" else lambda x, y: torch.stack([torch.kron(a, b) for a, b in zip(x, y)]), signed(*x), signed(*y))
for name, m, n in [("wide", 2, 4), ("tall", 4, 3), ("one", 1, 1)]:
    # NumPy has no such function, but indices.
    case(f"Toeplitz/{name}", lambda c, r: torch.cat([c.flip(0), r[1:]])[torch.arange(m).flip(0)[:, None] + torch.arange(n)], signed(m), signed(n))
