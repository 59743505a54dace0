"""Recurrent layers: outputs (0 behind a sequence's end) and last states of nn.LSTM, nn.GRU and nn.RNN, with the gradients of the inputs and all weights.

Inputs: x[N, T, features], lengths[N], then for each layer, and in it for each direction, its weights as Dunlin has them: those of the input, those of the
state, the bias (PyTorch's two are this one and zeros), and where there are, the projection or the candidate's second bias. Outputs: y, then for each layer
and direction its states. nn.GRU multiplies by r after the product; the variant that multiplies before is a loop here.
"""
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import between, case, signed

TESTS = "Dunlin.Training.Tests"


def module(kind, units, layers, directions, projection=0):
    def run(x, lengths, *weights):
        options = {"proj_size": projection} if projection else {}
        net = kind(x.shape[2], units, layers, batch_first=True, bidirectional=directions == 2, **options).double()
        count = len(weights) // (layers * directions)
        for i in range(layers * directions):
            w, u, b, *more = weights[i * count:(i + 1) * count]
            second = torch.zeros_like(b)
            if kind is torch.nn.GRU:
                second = torch.cat([torch.zeros(2 * units, dtype=b.dtype), more[0]])
            parts = {"weight_ih": w, "weight_hh": u, "bias_ih": b, "bias_hh": second}
            if projection:
                parts["weight_hr"] = more[0]
            for name, value in parts.items():
                name += f"_l{i // directions}" + "_reverse" * (i % directions)
                # A tensor in the parameter's place, so that its gradient is ours.
                delattr(net, name)
                setattr(net, name, value)
        y, states = net(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
        states = states if isinstance(states, tuple) else (states,)
        return [y] + [s[i] for i in range(layers * directions) for s in states]
    return run


def gru_before(units, layers, directions):
    """n = tanh(W x + b + U (r h)), step by step."""
    def one(x, lengths, w, u, b, backward):
        h = torch.zeros(x.shape[0], units, dtype=x.dtype)
        steps = [None] * x.shape[1]
        for t in reversed(range(x.shape[1])) if backward else range(x.shape[1]):
            fed = x[:, t] @ w.T + b
            r, z = torch.sigmoid(fed[:, :2 * units] + h @ u[:2 * units].T).chunk(2, 1)
            n = torch.tanh(fed[:, 2 * units:] + (r * h) @ u[2 * units:].T)
            real = (t < lengths)[:, None]
            h = torch.where(real, (1 - z) * n + z * h, h)
            steps[t] = torch.where(real, h, torch.zeros_like(h))
        return torch.stack(steps, 1), h

    def run(x, lengths, *weights):
        states = []
        for layer in range(layers):
            both = []
            for d in range(directions):
                at = 3 * (layer * directions + d)
                y, h = one(x, lengths, *weights[at:at + 3], d == 1)
                both.append(y)
                states.append(h)
            x = torch.cat(both, 2)
        return [x] + states
    return run


KINDS = {
    "elman": (1, lambda k, l, d: module(torch.nn.RNN, k, l, d), lambda k: []),
    "lstm": (4, lambda k, l, d: module(torch.nn.LSTM, k, l, d), lambda k: []),
    "lstm-projection": (4, lambda k, l, d: module(torch.nn.LSTM, k, l, d, projection=2), lambda k: [(2, k)]),
    "gru-after": (3, lambda k, l, d: module(torch.nn.GRU, k, l, d), lambda k: [(k,)]),
    "gru-before": (3, gru_before, lambda k: []),
}
SHAPES = {
    "one": (2, 4, 3, 3, 1, 1, [4, 4]),
    "two": (2, 3, 2, 3, 2, 1, [3, 3]),
    "both": (2, 4, 2, 3, 1, 2, [4, 4]),
    "two-both": (1, 3, 2, 3, 2, 2, [3]),
    "lengths": (3, 5, 2, 3, 1, 1, [3, 5, 1]),
    "two-both-lengths": (3, 4, 2, 3, 2, 2, [2, 4, 1]),
}
for kind, (gates, make, more) in KINDS.items():
    for name, (n, t, features, units, layers, directions, lengths) in SHAPES.items():
        outputs = 2 if kind == "lstm-projection" else units
        inputs = [signed(n, t, features), lengths]
        for layer in range(layers):
            fed = features if layer == 0 else directions * outputs
            for _ in range(directions):
                inputs += [between(-0.8, 0.8, gates * units, fed), between(-0.8, 0.8, gates * units, outputs), between(-0.5, 0.5, gates * units)]
                inputs += [between(-0.8, 0.8, *shape) for shape in more(units)]
        case(f"{kind}/{name}", make(units, layers, directions), *inputs)
