"""Operations along dimensions."""
import numpy as np
import torch

from golden import case, distinct, integers, numpy_case, signed, truths

REDUCERS = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin}
AXES = {"all": (0, 1, 2), "first": (0,), "middle": (1,), "last": (2,), "ends": (0, 2)}
for name, function in REDUCERS.items():
    for axes, dimensions in AXES.items():
        for keep in (False, True):
            case(f"Reduce/{name}-{axes}{'-keep' if keep else ''}", lambda x: function(x, dim=dimensions, keepdim=keep), distinct(2, 3, 4))
case("Reduce/product-all", torch.prod, signed(2, 3))
case("Reduce/product-last", lambda x: torch.prod(x, -1), signed(2, 3, 2))
case("Reduce/sum-empty", lambda x: torch.sum(x, 1), signed(2, 0))
case("Reduce/product-empty", lambda x: torch.prod(x, 1), signed(2, 0))
case("Reduce/sum-integers", lambda x: torch.sum(x, 0), integers(-9, 9, 5, 2))
case("Reduce/max-equal", lambda x: torch.amax(x, 1), [[1.0, 2, 2], [3, 3, 3]])

for name, function in {"sum": torch.cumsum, "product": torch.cumprod}.items():
    for axis in (0, 1, -1):
        case(f"Cumulative/{name}{axis}", lambda x: function(x, axis), signed(2, 3, 4))
        case(f"Cumulative/{name}{axis}-backward", lambda x: function(x.flip(axis), axis).flip(axis), signed(2, 3, 4))
case("Cumulative/sum0-exclusive", lambda x: torch.cumsum(x, 0) - x, signed(5))
case("Cumulative/sum0-empty", lambda x: torch.cumsum(x, 0), signed(0, 2))
for axis in (0, 1, -1):
    case(f"ArgExtreme/max{axis}", lambda x: torch.argmax(x, axis), distinct(2, 5, 3), grad=False)
    case(f"ArgExtreme/min{axis}", lambda x: torch.argmin(x, axis), distinct(2, 5, 3), grad=False)
numpy_case("ArgExtreme/max0-first-of-equals", lambda x: np.argmax(x, 0), integers(0, 3, 6, 4))
case("SpreadLike/middle", lambda x, like: x.unsqueeze(1).expand_as(like), signed(2, 4), signed(2, 3, 4))
case("SpreadLike/all", lambda x, like: x.expand_as(like), signed(), signed(2, 3))
case("SpreadLike/keep", lambda x, like: x.expand_as(like), signed(2, 1), signed(2, 3))
for i, (x, y) in enumerate([((2, 3), (3,)), ((4,), ()), ((2, 2), (2, 2))]):
    case(f"CountRatio/{i}", lambda x, y: torch.tensor(x.numel() / y.numel(), dtype=torch.float64), signed(*x), signed(*y))

# Methods composed of operations.
for axes, dimensions in AXES.items():
    case(f"LogSumExp/{axes}", lambda x: torch.logsumexp(x, dimensions), signed(2, 3, 4))
    case(f"Variance/{axes}", lambda x: torch.var(x, dimensions, unbiased=False), signed(2, 3, 4))
    case(f"StandardDeviation/{axes}", lambda x: torch.std(x, dimensions, unbiased=True), signed(2, 3, 4))
    case(f"NormL1/{axes}", lambda x: torch.linalg.vector_norm(x, 1, dimensions), signed(2, 3, 4))
    case(f"NormL2/{axes}", lambda x: torch.linalg.vector_norm(x, 2, dimensions), signed(2, 3, 4))
    numpy_case(f"All/{axes}", lambda x: np.all(x, dimensions), truths(2, 3, 4))
    numpy_case(f"Any/{axes}", lambda x: np.any(x, dimensions), truths(2, 3, 4))
