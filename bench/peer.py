#!/usr/bin/env python3
"""PyTorch's half of a benchmark row: forward, backward and momentum update on one batch that lies ready.

usage: peer.py ROW THREADS [SECONDS]; prints {"ms": ..., "peak_mb": ..., "peer": ...}. The models equal those of Dunlin.Benchmarks/Row.cs.
"""
import json
import resource
import sys
import time

import torch
from torch import nn


def mlp(*widths):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


def alexnet():
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000))


class Lstm(nn.Module):
    def __init__(self, vocabulary=10_000, width=650, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, layers, batch_first=True)
        self.linear = nn.Linear(width, vocabulary)

    def forward(self, x):
        return self.linear(self.lstm(self.embedding(x))[0]).flatten(0, 1)


ROWS = {
    "tiny": (lambda: mlp(32, 64, 10), (16, 32), 10),
    "mlp": (lambda: mlp(784, 512, 512, 10), (64, 784), 10),
    "lenet": (lenet, (64, 1, 28, 28), 10),
    "alexnet": (alexnet, (32, 3, 224, 224), 1000),
    "lstm": (Lstm, (20, 35), 10_000),
}


def main():
    row, threads = sys.argv[1], int(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    make, shape, classes = ROWS[row]
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    loss = nn.CrossEntropyLoss()
    if row == "lstm":
        x, y = torch.randint(0, classes, shape), torch.randint(0, classes, (shape[0] * shape[1],))
    else:
        x, y = torch.randn(shape), torch.randint(0, classes, (shape[0],))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    def timed(steps):
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        return (time.perf_counter() - begin) / steps

    begin, count = time.perf_counter(), 0
    while count < 3 or time.perf_counter() - begin < seconds / 3:
        step()
        count += 1
    steps = max(1, int(0.002 / timed(1)))
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        times.append(timed(steps) * 1e3)
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": times[len(times) // 2], "peak_mb": peak, "peer": f"PyTorch {torch.__version__}"}))


main()
