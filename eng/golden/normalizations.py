"""Normalisations besides those of batches and layers."""
import torch
import torch.nn.functional as F

from golden import backward, between, case, signed

for name, groups, x in [("rows", 2, (3, 4)), ("lines", 2, (2, 4, 3)), ("images", 3, (2, 3, 2, 2)), ("one", 1, (1, 2, 2, 1))]:
    channels = (signed(x[1]), between(0.5, 1.5, x[1]))
    normalize = lambda x, scale, shift: F.group_norm(x, groups, scale, shift)
    grouped = lambda x: x.reshape(x.shape[0], groups, -1)
    case(f"GroupNorm/{name}", lambda x, scale, shift: (normalize(x, scale, shift), grouped(x).mean(-1), grouped(x).var(-1, unbiased=False)), signed(*x), *channels)
    case(f"GroupNormBackward/{name}", backward(normalize, 0, 1, 2), signed(*x), *channels, signed(*x))
for name, x in [("lines", (2, 4, 3)), ("images", (2, 3, 2, 2)), ("volumes", (1, 2, 2, 1, 2))]:
    case(f"InstanceNorm/{name}", lambda x, scale, shift: F.instance_norm(x, weight=scale, bias=shift), signed(*x), signed(x[1]), signed(x[1]))

rms = lambda x, scale: scale * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)
for name, x in [("vector", (3,)), ("rows", (4, 3)), ("deep", (2, 3, 5)), ("empty", (0, 3))]:
    case(f"RmsNorm/{name}", rms, signed(*x), signed(x[-1]))
    case(f"RmsNormBackward/{name}", backward(rms, 0, 1), signed(*x), signed(x[-1]), signed(*x))

for name, size, alpha, beta, k, x in [("usual", 5, 1e-4, 0.75, 1, (2, 7, 3, 2)), ("strong", 3, 0.9, 0.75, 2, (1, 4, 5)), ("even", 4, 0.5, 0.6, 1, (1, 5, 2, 2)), ("half", 2, 0.5, 0.5, 1, (1, 3, 1, 2, 1))]:
    respond = lambda x: F.local_response_norm(x, size, alpha, beta, k)
    case(f"LocalResponseNorm/{name}", respond, signed(*x))
    case(f"LocalResponseNormBackward/{name}", lambda x, dy: backward(respond, 0)(x, dy)[0], signed(*x), signed(*x))

for name, axis, x in [("first", 0, (3, 2)), ("channels", 1, (2, 3, 2)), ("last", -1, (4,))]:
    case(f"L2Normalize/{name}", lambda x: F.normalize(x, dim=axis), signed(*x))
for name, axis, v in [("matrix", 0, (3, 4)), ("images", 0, (2, 3, 2, 2)), ("columns", 1, (2, 3))]:
    case(f"WeightNorm/{name}", lambda v, g: torch._weight_norm(v, g.reshape([-1 if d == axis else 1 for d in range(v.dim())]), axis), signed(*v), signed(v[axis]))


def spectral(w, u, steps):
    """As torch.nn.utils.spectral_norm does in training, from a given u."""
    matrix = w.flatten(1)
    with torch.no_grad():
        v = F.normalize(matrix.T @ u, dim=0)
        for i in range(steps):
            u = F.normalize(matrix @ v, dim=0)
            v = F.normalize(matrix.T @ u, dim=0) if i < steps - 1 else v
    return w / torch.dot(u, matrix @ v), u


for name, steps, w in [("matrix", 1, (3, 4)), ("images", 2, (2, 3, 2, 2)), ("steps", 5, (4, 2))]:
    case(f"SpectralNorm/{name}", lambda w, u: spectral(w, u.detach(), steps), signed(*w), signed(w[0]))
