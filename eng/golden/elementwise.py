"""Functions of each element."""
import numpy as np
import torch
import torch.nn.functional as F

from golden import between, case, distinct, integers, numpy_case, signed, truths

everywhere = (signed(2, 3), between(-6, 6, 7), signed(1), signed(0, 3))


def positive(low=0.3, high=30):
    return between(low, high, 2, 3), between(1e-6, 1, 5), between(1e2, 1e6, 1), between(1, 2, 0)


inside = (between(-0.95, 0.95, 2, 3), between(-1e-5, 1e-5, 5), between(-0.5, 0.5, 1), between(0, 1, 0, 2))

SMOOTH = {
    "Negate": (torch.neg, everywhere), "Relu": (torch.relu, everywhere), "Exp": (torch.exp, everywhere), "Log": (torch.log, positive()),
    "Sqrt": (torch.sqrt, positive()), "Square": (torch.square, everywhere), "Tanh": (torch.tanh, everywhere), "Sigmoid": (torch.sigmoid, everywhere),
    "Abs": (torch.abs, everywhere), "Sign": (torch.sign, everywhere), "Floor": (torch.floor, everywhere), "Ceiling": (torch.ceil, everywhere),
    "Round": (torch.round, everywhere + ([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5],)), "Truncate": (torch.trunc, everywhere),
    "Reciprocal": (torch.reciprocal, everywhere), "Rsqrt": (torch.rsqrt, positive()), "Exp2": (torch.exp2, everywhere),
    "Expm1": (torch.expm1, everywhere + (between(-1e-5, 1e-5, 4),)), "Log1p": (torch.log1p, inside), "Log2": (torch.log2, positive()), "Log10": (torch.log10, positive()),
    "Sin": (torch.sin, everywhere), "Cos": (torch.cos, everywhere), "Tan": (torch.tan, everywhere), "Asin": (torch.asin, inside), "Acos": (torch.acos, inside),
    "Atan": (torch.atan, everywhere), "Sinh": (torch.sinh, everywhere), "Cosh": (torch.cosh, everywhere), "Asinh": (torch.asinh, everywhere),
    "Acosh": (torch.acosh, (between(1.1, 3, 2, 3), between(3, 1e3, 4), between(1.5, 2, 1))), "Atanh": (torch.atanh, inside),
    "Erf": (torch.erf, everywhere), "Erfc": (torch.erfc, everywhere),
    "Softplus": (lambda x: torch.logaddexp(x, torch.zeros_like(x)), everywhere + (between(-40, 40, 6),)), "Softsign": (F.softsign, everywhere), "Selu": (torch.selu, everywhere),
    "Gelu": (F.gelu, everywhere), "GeluTanh": (lambda x: F.gelu(x, approximate="tanh"), everywhere), "Silu": (F.silu, everywhere), "Mish": (F.mish, everywhere),
    "Relu6": (F.relu6, everywhere + (between(5, 7, 6),)), "HardSigmoid": (lambda x: torch.clamp(x / 6 + 0.5, 0, 1), everywhere), "HardTanh": (F.hardtanh, everywhere),
}
for name, (function, inputs) in SMOOTH.items():
    for i, x in enumerate(inputs):
        case(f"{name}/{i}", function, x)

for i, x in enumerate(everywhere):
    case(f"Elu/alpha-0.7-{i}", lambda x: F.elu(x, alpha=0.7), x)
    case(f"LeakyRelu/slope-0.2-{i}", lambda x: F.leaky_relu(x, 0.2), x)
    case(f"Clip/{i}", lambda x: torch.clamp(x, -0.5, 0.4), x)

SHAPES = {"equal": ((2, 3), (2, 3)), "row": ((2, 3), (3,)), "outer": ((4, 1), (1, 3)), "scalar": ((), (2, 2)), "middle": ((2, 1, 3), (4, 1)), "empty": ((0, 3), (1, 3))}
PAIRS = {
    "Add": torch.add, "Subtract": torch.subtract, "Multiply": torch.multiply, "Divide": torch.divide, "Maximum": torch.maximum, "Minimum": torch.minimum,
    "SquaredDifference": lambda a, b: (a - b) ** 2, "Hypot": torch.hypot, "Atan2": torch.atan2,
    "FloorDivide": lambda a, b: torch.floor_divide(a, b).detach(), "Modulo": torch.remainder,
}
for name, function in PAIRS.items():
    for shapes, (a, b) in SHAPES.items():
        case(f"{name}/{shapes}", function, distinct(*a), signed(*b))
for shapes, (a, b) in SHAPES.items():
    case(f"Pow/{shapes}", torch.pow, between(0.3, 3, *a), between(-2, 2, *b))
    case(f"SigmoidCrossEntropy/{shapes}", lambda x, t: F.binary_cross_entropy_with_logits(*torch.broadcast_tensors(x, t), reduction="none"), between(-6, 6, *a), between(0, 1, *b))
    case(f"RectifierGradient/{shapes}", lambda y, dy: torch.where(y > 0, dy, torch.zeros_like(dy)), signed(*a), signed(*b))
    case(f"Select/{shapes}", torch.where, truths(*a), signed(*b), signed(*a))
for name, function in {"FloorDivide": np.floor_divide, "Modulo": np.mod}.items():
    numpy_case(f"{name}/int64", function, integers(-20, 20, 3, 4), [-7, 3, -1, 5])
    numpy_case(f"{name}/int32", function, integers(-20, 20, 3, 4, dtype=np.int32), np.array([[-7], [3], [1]], np.int32))

COMPARISONS = {
    "Greater": torch.gt, "GreaterOrEqual": torch.ge, "Less": torch.lt, "LessOrEqual": torch.le, "Equal": torch.eq, "NotEqual": torch.ne,
}
for name, function in COMPARISONS.items():
    for shapes, (a, b) in SHAPES.items():
        case(f"{name}/{shapes}", function, integers(0, 3, *a), integers(0, 3, *b))
    case(f"{name}/nan", function, [1.0, np.nan, np.inf, -np.inf, 2], [1.0, np.nan, np.inf, 3, np.nan])
for name, function in {"And": torch.logical_and, "Or": torch.logical_or, "Xor": torch.logical_xor}.items():
    for shapes, (a, b) in SHAPES.items():
        case(f"{name}/{shapes}", function, truths(*a), truths(*b))
for i, shape in enumerate([(5,), (2, 3), (0,), ()]):
    case(f"Not/{i}", torch.logical_not, truths(*shape))
odd = ([1.0, np.nan, np.inf, -np.inf, 0], [[np.nan, 2.0]], np.zeros((0, 2)), -np.inf)
for name, function in {"IsNaN": torch.isnan, "IsInfinity": torch.isinf, "IsFinite": torch.isfinite}.items():
    for i, x in enumerate(odd):
        case(f"{name}/{i}", function, x)

case("Cast/float32", lambda x: x.to(torch.float32), between(-1e3, 1e3, 4, 3), grad=False)
case("Cast/float16", lambda x: x.to(torch.float16), between(-1e3, 1e3, 4, 3), grad=False)
case("Cast/int64", lambda x: x.to(torch.int64), between(-9, 9, 7), grad=False)
case("Cast/bool", lambda x: x.to(torch.bool), [0.0, -0.0, 0.3, -2, np.nan], grad=False)
case("Cast/float64", lambda x: x.to(torch.float64), integers(-9, 9, 2, 3, dtype=np.int32))
