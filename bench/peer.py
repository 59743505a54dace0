#!/usr/bin/env python3
"""PyTorch's half of a benchmark row: forward, backward and momentum update on one batch that lies ready.

usage: peer.py ROW THREADS [SECONDS] [VARIANT]; prints {"ms": ..., "peak_mb": ..., "peer": ..., "parameters": ...}
       peer.py ROW variants; prints the row's variants as a JSON list

Variants: plain; channels-last, with images and weights in that order in memory; compile, with torch.compile, whose compilation is not measured. The first two with -bf16 at their end
run the model and the loss under torch.autocast with bfloat16, as mixed precision is meant to be done there.
The optimiser is the fused one where this PyTorch has it.
"""
import json
import os
import resource
import sys
import time

import torch
from torch import nn

from peer_models import ROWS, parameters


def variants(row):
    # Channels come last already where there are no images.
    images = len(ROWS[row][1]) == 4
    return ["plain", "channels-last", "compile", "plain-bf16", "channels-last-bf16"] if images else ["plain", "compile", "plain-bf16"]


def momentum(model):
    try:
        return torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, fused=True)
    except (TypeError, RuntimeError):  # before PyTorch 2.4
        return torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)


def versions():
    """PyTorch and the libraries that do its work."""
    parts = [f"PyTorch {torch.__version__}"]
    for line in torch.__config__.show().splitlines():
        if "MKL-DNN" in line:
            parts.append("oneDNN " + line.split("MKL-DNN")[1].split()[0])
    try:
        # What "generic" BLAS is, the dynamic linker decides.
        with open("/proc/self/maps", encoding="utf-8") as file:
            parts += sorted({os.path.basename(text.split()[-1]) for text in file if "blas" in text})
    except OSError:
        pass
    return ", ".join(parts)


def main():
    row = sys.argv[1]
    if sys.argv[2] == "variants":
        return print(json.dumps(variants(row)))
    threads = int(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
    variant = sys.argv[4] if len(sys.argv) > 4 else "plain"
    mixed = variant.endswith("-bf16")
    variant = variant.removesuffix("-bf16")
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    make, shape, classes = ROWS[row]
    model = make()
    count = parameters(model)
    loss = nn.CrossEntropyLoss()
    if row == "lstm":
        x, y = torch.randint(0, classes, shape), torch.randint(0, classes, (shape[0] * shape[1],))
    else:
        x, y = torch.randn(shape), torch.randint(0, classes, (shape[0],))
    if variant == "channels-last":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = momentum(model)
    if variant == "compile":
        model = torch.compile(model)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            value = loss(model(x), y)
        value.backward()
        optimizer.step()

    def timed(steps):
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        return (time.perf_counter() - begin) / steps

    step()  # compiles
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds / 3:
        step()
    steps = max(1, int(0.002 / timed(1)))
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        times.append(timed(steps) * 1e3)
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": times[len(times) // 2], "peak_mb": peak, "peer": versions(), "parameters": count}))


if __name__ == "__main__":
    main()
