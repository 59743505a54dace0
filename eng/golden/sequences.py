"""Operations on sequences: connectionist temporal classification, conditional random fields, attention, masks."""
import itertools

import numpy as np
import torch
import torch.nn.functional as F

from golden import backward, between, case, numpy_case, signed

# Steps, classes, blank, labels, label lengths, input lengths.
CTC = {
    "plain": (5, 3, 0, [[1, 2], [2, 1]], [2, 2], [5, 5]),
    "repeated": (6, 4, 0, [[1, 1, 3], [2, 2, 2]], [3, 3], [6, 5]),
    "lengths": (5, 3, 0, [[1, 2], [2, 1], [1, 1]], [1, 2, 0], [3, 5, 2]),
    "last-blank": (4, 3, 2, [[0, 1], [1, 1]], [2, 2], [4, 4]),
}
for name, (steps, classes, blank, labels, lengths, inputs) in CTC.items():
    def loss(x, labels, inputs, lengths):
        return F.ctc_loss(x.log_softmax(-1).transpose(0, 1), labels, inputs, lengths, blank=blank, reduction="none")
    numbers = (np.array(labels), np.array(inputs), np.array(lengths))
    case(f"CtcLoss/{name}", loss, between(-3, 3, len(labels), steps, classes), *numbers)
    # PyTorch does not differentiate it twice.
    case(f"CtcLossBackward/{name}", lambda x, a, b, c, dy: backward(loss, 0)(x, a, b, c, dy)[0], between(-3, 3, len(labels), steps, classes), *numbers, signed(len(labels)), grad=False)


def scores(emissions, transitions, lengths):
    """For each sequence of a batch, every labelling and its score."""
    for n, length in enumerate(lengths.tolist()):
        every = list(itertools.product(range(emissions.shape[2]), repeat=length))
        yield every, torch.stack([sum((emissions[n, t, k] for t, k in enumerate(y)), emissions.new_zeros(()))
                                  + sum((transitions[i, j] for i, j in zip(y, y[1:])), emissions.new_zeros(())) for y in every])


def log_partition(emissions, transitions, lengths):
    # The transitions count even where there is only one step, so that they have a gradient.
    return torch.stack([torch.logsumexp(s, 0) for _, s in scores(emissions, transitions, lengths)]) + 0 * transitions.sum()


def decode(emissions, transitions, lengths):
    best = [(every[int(s.argmax())], s.max()) for every, s in scores(emissions, transitions, lengths)]
    labels = [list(y) + [-1] * (emissions.shape[1] - len(y)) for y, _ in best]
    return torch.tensor(labels), torch.stack([s for _, s in best])


for name, (steps, labels, lengths) in {"full": (4, 3, [4, 4]), "lengths": (5, 2, [3, 5, 1, 0]), "one-label": (3, 1, [2]), "one-step": (1, 4, [1, 1])}.items():
    inputs = (between(-2, 2, len(lengths), steps, labels), between(-2, 2, labels, labels), np.array(lengths))
    case(f"CrfLogPartition/{name}", log_partition, *inputs)
    case(f"CrfLogPartitionBackward/{name}", backward(log_partition, 0, 1), *inputs, signed(len(lengths)))
    case(f"CrfDecode/{name}", decode, *inputs, grad=False)

for name, (lengths, steps) in {"rows": ([2, 0, 3], 3), "longer": ([1, 4], 6), "none": ([], 2), "deep": ([[1, 2], [0, 5]], 5)}.items():
    numpy_case(f"SequenceMask/{name}", lambda lengths, like: np.arange(like.shape[0]) < lengths[..., None], np.array(lengths, dtype=np.int64), np.zeros(steps))
for name, shape in {"square": (4, 4), "wide": (2, 5), "tall": (5, 2), "one": (1, 1)}.items():
    numpy_case(f"CausalMask/{name}", lambda like: np.tril(np.ones(like.shape[-2:], dtype=bool)), np.zeros((3,) + shape))

attend = lambda q, k, v, mask=0: torch.softmax(q @ k.mT / q.shape[-1] ** 0.5 + mask, -1) @ v
for name, (batch, queries, keys, width) in {"plain": ((2,), 3, 4, 5), "heads": ((2, 2), 4, 4, 3), "one": ((1,), 1, 1, 1)}.items():
    inputs = (signed(*batch, queries, width), signed(*batch, keys, width), signed(*batch, keys, 2))
    case(f"ScaledDotProductAttention/{name}", attend, *inputs)
    case(f"ScaledDotProductAttention/bias-{name}", attend, *inputs, signed(queries, keys))
    hidden = torch.full((queries, keys), -torch.inf, dtype=torch.float64).triu(1)
    case(f"ScaledDotProductAttention/causal-{name}", lambda q, k, v: attend(q, k, v, hidden), *inputs)
    dy = signed(*batch, queries, 2)
    case(f"Attention/{name}", attend, *inputs)
    case(f"Attention/bias-{name}", attend, *inputs, signed(*batch[-1:], 1, keys))
    hide = lambda q, k, v: attend(q, k, v, hidden)
    case(f"AttentionBackward/{name}", backward(attend, 0, 1, 2), *inputs, dy)
    case(f"AttentionBackward/causal-{name}", backward(hide, 0, 1, 2), *inputs, dy)
    case(f"AttentionMaskBackward/{name}", backward(attend, 3), *inputs, signed(*batch[-1:], 1, keys), dy)
