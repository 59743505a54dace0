"""Optimisers: the weights after each of some updates. Inputs: the weights at first and the gradients; what the name says is set as the tests set it."""
import torch

from golden import case, signed

TESTS = "Dunlin.Training.Tests"

UPDATES = 12


def run(make):
    def weights(w, *gradients):
        w = torch.nn.Parameter(w.detach().clone())
        optimizer = make([w])
        after = []
        for gradient in gradients:
            w.grad = gradient.detach().clone()
            optimizer.step()
            after.append(w.detach().clone())
        return after
    return weights


MAKERS = {
    "sgd": (lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.3)),
    "momentum": (lambda p: torch.optim.SGD(p, 0.1, momentum=0.8)),
    "nesterov": (lambda p: torch.optim.SGD(p, 0.1, momentum=0.8, nesterov=True)),
    "adagrad": (lambda p: torch.optim.Adagrad(p, 0.1, initial_accumulator_value=0.2, eps=1e-3)),
    "adadelta": (lambda p: torch.optim.Adadelta(p, 0.7, rho=0.9, eps=1e-3)),
    # PyTorch has epsilon beside the root; of one so small nothing is left to differ.
    "rmsprop": (lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.8, momentum=0.7, eps=1e-20)),
    "rmsprop-centered": (lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.8, centered=True, eps=1e-20)),
    "adam": (lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3)),
    "amsgrad": (lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3, amsgrad=True)),
    "adamw": (lambda p: torch.optim.AdamW(p, 0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2)),
    "adamax": (lambda p: torch.optim.Adamax(p, 0.01, betas=(0.8, 0.95), eps=1e-30)),
    # No "nadam": that of PyTorch 1.13 multiplies the current momentum twice into the product for the next one (mended in 2.0).
    "radam": (lambda p: torch.optim.RAdam(p, 0.01, betas=(0.8, 0.95), eps=1e-30)),
}
for name, make in MAKERS.items():
    for i, shape in enumerate(((3, 4), (1, 1), (2, 3, 2))):
        case(f"{name}/{i}", run(make), signed(*shape), *(signed(*shape) for _ in range(UPDATES)), grad=False)
