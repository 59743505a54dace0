"""Special functions, gates, bits, further kinds of remainders."""
import math

import numpy as np
import torch
import torch.nn.functional as F

from golden import between, case, distinct, integers, numpy_case, signed

everywhere = (signed(2, 3), between(-6, 6, 7), signed(1), signed(0, 3))
positive = (between(0.2, 3, 2, 3), between(1e-4, 0.5, 4), between(5, 50, 1), between(1, 2, 0))
shares = (between(0.05, 0.95, 2, 3), between(0.001, 0.01, 4), between(0.4, 0.6, 1), between(0, 1, 0, 2))
special = torch.special

FUNCTIONS = {
    "LogGamma": (torch.lgamma, positive), "Digamma": (torch.digamma, positive), "ErfInv": (torch.erfinv, (between(-0.9, 0.9, 2, 3), signed(1), between(0, 1, 0), between(-0.1, 0.1, 3))),
    "NormalCdf": (special.ndtr, everywhere), "LogNormalCdf": (special.log_ndtr, everywhere), "NormalQuantile": (special.ndtri, shares),
    "BesselI0": (special.i0, everywhere), "BesselI1": (special.i1, everywhere), "BesselI0Scaled": (special.i0e, everywhere), "BesselI1Scaled": (special.i1e, everywhere),
    "Sinc": (torch.sinc, everywhere + ([0.0, 1, -0.5],)), "Logit": (torch.logit, shares), "Frac": (torch.frac, everywhere),
    "LogSigmoid": (F.logsigmoid, everywhere + (between(-40, 40, 6),)), "HardSwish": (F.hardswish, everywhere), "Tanhshrink": (F.tanhshrink, everywhere),
    "Celu": (lambda x: F.celu(x, 0.7), everywhere), "Softshrink": (lambda x: F.softshrink(x, 0.4), everywhere), "Hardshrink": (lambda x: F.hardshrink(x, 0.4), everywhere),
    "Threshold": (lambda x: F.threshold(x, 0.1, 3), everywhere), "Polygamma": (lambda x: torch.polygamma(2, x), (between(0.4, 3, 2, 3), between(0.3, 0.5, 4), between(5, 50, 1), between(1, 2, 0))),
    "NanToNum": (lambda x: torch.nan_to_num(x, 7, 8, -9), everywhere + ([math.nan, math.inf, -math.inf, 1],)),
    "QuickGelu": (lambda x: x * torch.sigmoid(1.702 * x), everywhere), "Softmin": (lambda x: F.softmin(x, -1), (signed(2, 3), signed(1), between(-9, 9, 4))),
    "Glu": (F.glu, (signed(2, 4), signed(2), signed(3, 0))),
    "Swiglu": (lambda x: x.chunk(2, -1)[0] * F.silu(x.chunk(2, -1)[1]), (signed(2, 4), signed(2), signed(2, 2, 6))),
    "Geglu": (lambda x: x.chunk(2, -1)[0] * F.gelu(x.chunk(2, -1)[1]), (signed(2, 4), signed(2), signed(2, 2, 6))),
    "Reglu": (lambda x: x.chunk(2, -1)[0] * F.relu(x.chunk(2, -1)[1]), (signed(2, 4), signed(2), signed(2, 2, 6))),
}
for name, (function, inputs) in FUNCTIONS.items():
    for i, x in enumerate(inputs):
        case(f"{name}/{i}", function, x)
for i, x in enumerate(everywhere):
    numpy_case(f"Cbrt/{i}", np.cbrt, x)
    numpy_case(f"BinaryExponent/{i}", lambda v: np.frexp(v)[1].astype(np.int32), x)

SHAPES = {"equal": ((2, 3), (2, 3)), "row": ((2, 3), (3,)), "outer": ((4, 1), (1, 3)), "scalar": ((), (2, 2)), "empty": ((0, 3), (1, 3))}
PAIRS = {
    "Xlogy": (torch.xlogy, (-2, 2), (0.1, 3)), "Xlog1py": (special.xlog1py, (-2, 2), (-0.9, 3)), "LogAddExp": (torch.logaddexp, (-9, 9), (-9, 9)),
    "CopySign": (torch.copysign, (-2, 2), (-2, 2)), "Fmod": (torch.fmod, (-9, 9), (0.3, 2)),
    "TruncateDivide": (lambda a, b: torch.div(a, b, rounding_mode="trunc").detach(), (-9, 9), (0.3, 2)),
    "LogBeta": (lambda a, b: torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b), (0.3, 5), (0.3, 5)),
    "Lerp": (lambda a, b: torch.lerp(a, b, 0.3 * torch.ones_like(a + b)), (-2, 2), (-2, 2)),
}
for name, (function, a_range, b_range) in PAIRS.items():
    for shapes, (a, b) in SHAPES.items():
        case(f"{name}/{shapes}", function, between(*a_range, *a), between(*b_range, *b))
VALUES = {
    "Zeta": (special.zeta, (1.2, 6), (0.2, 9)), "Igamma": (special.gammainc, (0.2, 9), (0.1, 12)), "Igammac": (special.gammaincc, (0.2, 9), (0.1, 12)),
    "NextAfter": (torch.nextafter, (-2, 2), (-2, 2)), "Heaviside": (torch.heaviside, (-2, 2), (-2, 2)),
}
for name, (function, a_range, b_range) in VALUES.items():
    for shapes, (a, b) in SHAPES.items():
        case(f"{name}/{shapes}", function, between(*a_range, *a), between(*b_range, *b), grad=False)
for shapes, (a, b) in SHAPES.items():
    case(f"Igamma/x-{shapes}", lambda x, a: special.gammainc(a.detach(), x), between(0.1, 12, *b), between(0.2, 9, *a))
    numpy_case(f"IeeeRemainder/{shapes}", lambda x, y: np.asarray(np.vectorize(math.remainder, otypes=[float])(x, y)), between(-9, 9, *a), between(0.3, 2, *b))
    case(f"Fma/{shapes}", lambda x, y, z: torch.addcmul(z, x, y), signed(*a), signed(*b), signed(1))
    numpy_case(f"Ldexp/{shapes}", np.ldexp, signed(*a), integers(-5, 5, *b, dtype=np.int32))

INTEGERS = {
    "Gcd": np.gcd, "Lcm": np.lcm, "BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
}
for name, function in INTEGERS.items():
    for kind in (np.int32, np.int64, np.uint8):
        numpy_case(f"{name}/{kind.__name__}", function, integers(0 if kind == np.uint8 else -100, 100, 3, 4, dtype=kind), integers(1, 60, 4, dtype=kind))
for kind in (np.int32, np.int64, np.uint8):
    low = 0 if kind == np.uint8 else -100
    numpy_case(f"BitwiseNot/{kind.__name__}", np.bitwise_not, integers(low, 100, 3, 4, dtype=kind))
    numpy_case(f"ShiftLeft/{kind.__name__}", np.left_shift, integers(low, 100, 3, 4, dtype=kind), integers(0, 7, 4, dtype=kind))
    numpy_case(f"ShiftRight/{kind.__name__}", np.right_shift, integers(low, 100, 3, 4, dtype=kind), integers(0, 7, 4, dtype=kind))
    numpy_case(f"PopCount/{kind.__name__}", lambda v: np.vectorize(lambda n: bin(int(n) & (2 ** (8 * v.itemsize) - 1)).count("1"), otypes=[v.dtype])(v), integers(low, 100, 3, 4, dtype=kind))
numpy_case("Bitcast/int64", lambda x: x.view(np.int64), signed(2, 3))
numpy_case("Bitcast/uint8", lambda x: x.view(np.uint8).reshape(3, 8), signed(3))
numpy_case("Bitcast/int32", lambda x: x.view(np.int32).reshape(4), integers(0, 255, 4, 4, dtype=np.uint8))
for kind in (np.uint8,):
    for name, function in {"Add": np.add, "Subtract": np.subtract, "Multiply": np.multiply, "Maximum": np.maximum, "FloorDivide": np.floor_divide, "Modulo": np.mod}.items():
        numpy_case(f"{name}/uint8", function, integers(0, 255, 3, 4, dtype=kind), integers(1, 255, 4, dtype=kind))
    numpy_case("Pow/uint8", np.power, integers(0, 255, 3, 4, dtype=kind), integers(0, 5, 4, dtype=kind))
numpy_case("Pow/int32", np.power, integers(-9, 9, 3, 4, dtype=np.int32), integers(0, 5, 4, dtype=np.int32))
