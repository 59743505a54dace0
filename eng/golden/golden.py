"""Cases whose results PyTorch or NumPy computes, and the safetensors files that hold them.

A family is a module beside this one that calls case() and numpy_case(); `make` writes its cases to a file of the family's name.
Each case draws its numbers from a generator of its own, seeded by its key: a new case changes no other.
"""
import json
import struct
import zlib

import numpy as np
import torch

torch.set_num_threads(1)

TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "uint8": "U8", "bool": "BOOL"}

_cases = {}


# Inputs, drawn when the case is made. Lists and arrays may stand for themselves: floats are float64, integers int64.

def between(low, high, *shape):
    """Float64 numbers, evenly from low to high."""
    return lambda random: random.uniform(low, high, shape)


def signed(*shape):
    """Float64 numbers between -1 and 1, none within 0.05 of 0, where many functions have a kink."""
    return lambda random: random.uniform(0.05, 1, shape) * np.where(random.random(shape) < 0.5, -1, 1)


def distinct(*shape):
    """Different float64 numbers, no two within 0.1 of each other, in any order; about half are negative."""
    def draw(random):
        count = int(np.prod(shape))
        return (0.1 * random.permutation(count) - 0.05 * count + 0.03).reshape(shape)
    return draw


def integers(low, high, *shape, dtype=np.int64):
    """Integers from low to high - 1."""
    return lambda random: random.integers(low, high, shape, dtype=dtype)


def truths(*shape):
    """True or false."""
    return lambda random: random.random(shape) < 0.5


def case(key, function, *inputs, grad=True):
    """A case "Operation/name" whose function takes torch tensors; with grad, its gradients with respect to float64 inputs as well.

    They are those of sum(output * weights(output)) over all float64 outputs. Where torch says that there is no gradient, none is stored.
    """
    arrays = _inputs(key, inputs)
    # Always a tensor of its own and of the array's very shape: torch would hand scalars and views back as they are.
    tensors = [torch.from_numpy(a.copy()) for a in arrays]
    for tensor in tensors:
        tensor.requires_grad_(grad and tensor.dtype == torch.float64)
    outputs = _many(function(*tensors))
    _store(key, "out", [o.detach().numpy() for o in outputs])
    smooth = [o for o in outputs if o.requires_grad and o.dtype == torch.float64]
    wanted = [i for i, t in enumerate(tensors) if t.requires_grad]
    if not (smooth and wanted):
        return
    total = sum((o * torch.from_numpy(weights(o.shape))).sum() for o in smooth)
    gradients = torch.autograd.grad(total, [tensors[i] for i in wanted], allow_unused=True)
    for i, gradient in zip(wanted, gradients):
        if gradient is not None:
            _cases[key][f"grad{i}"] = gradient.numpy()


def numpy_case(key, function, *inputs):
    """A case "Operation/name" whose function takes NumPy arrays; it has no gradients."""
    _store(key, "out", _many(function(*_inputs(key, inputs))))


def backward(function, *wanted):
    """The function of inputs and dy, its last argument, that gives the gradients of sum(function(inputs) * dy) with respect to some inputs."""
    def gradients(*arguments):
        inputs = [a if a.requires_grad or a.dtype != torch.float64 else a.detach().requires_grad_() for a in arguments[:-1]]
        return torch.autograd.grad(function(*inputs), [inputs[i] for i in wanted], arguments[-1], create_graph=True)
    return gradients


def weights(shape):
    """What an output is multiplied with before it is summed: 0.5 + (7 i mod 11) / 11 at place i. The tests know the same formula."""
    return (0.5 + np.arange(int(np.prod(shape))) * 7 % 11 / 11).reshape(tuple(shape))


def take_cases():
    """All cases since the last call, by key."""
    taken = dict(_cases)
    _cases.clear()
    return taken


def write_safetensors(path, cases):
    tensors = {f"{key}/{name}": np.asarray(array) for key, parts in cases.items() for name, array in parts.items()}
    header, data = {}, b""
    # Larger elements first, so that all are aligned; then by name, so that equal cases give equal bytes.
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def _inputs(key, inputs):
    if key.count("/") != 1 or key in _cases:
        raise ValueError(f"{key}: a case is called Operation/name, and no two alike")
    random = np.random.default_rng(zlib.crc32(key.encode()))
    arrays = [np.asarray(i(random) if callable(i) else i) for i in inputs]
    _cases[key] = {}
    _store(key, "in", arrays)
    return arrays


def _many(outputs):
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def _store(key, kind, arrays):
    for i, array in enumerate(arrays):
        _cases[key][f"{kind}{i}"] = np.array(array)
