#!/usr/bin/env python3
"""PyTorch's half of a data-parallel row: DistributedDataParallel over Gloo, each rank with a whole batch; forward, backward and momentum update. And Gloo's all-reduce alone.

usage: peer_ddp.py ROW RANKS THREADS [SECONDS] [VARIANT]; prints {"ms": ..., "least_ms": ..., "items_s": ..., "parameters": ..., "peer": ...}
       peer_ddp.py collectives RANKS; prints {"bytes": ..., "gloo_us": ...} for each size

Ranks are processes of this machine. Where there are processors enough, each keeps to its own, as mpirun's ranks do.
"""
import json
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from peer import momentum, versions
from peer_models import ROWS, parameters

BLOCKS = 15


def join(rank, ranks, threads):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511", USE_LIBUV="0")
    usable = sorted(os.sched_getaffinity(0))
    if ranks * threads <= len(usable):
        os.sched_setaffinity(0, usable[rank * threads:(rank + 1) * threads])
    torch.set_num_threads(threads)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)


def steps(rank, row, ranks, threads, seconds, variant):
    join(rank, ranks, threads)
    torch.manual_seed(1)
    make, shape, classes = ROWS[row]
    model = make()
    count = parameters(model)
    loss = nn.CrossEntropyLoss()
    x, y = torch.randn(shape), torch.randint(0, classes, (shape[0],))
    if variant == "channels-last":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    if ranks > 1:
        model = DistributedDataParallel(model)
    optimizer = momentum(model)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    for _ in range(3):
        step()
    begin = time.perf_counter()
    step()
    wanted = torch.tensor([max(1, min(1000, int(seconds / BLOCKS / (time.perf_counter() - begin))))])
    dist.broadcast(wanted, 0)
    times = []
    for _ in range(BLOCKS):
        dist.barrier()
        begin = time.perf_counter()
        for _ in range(int(wanted)):
            step()
        times.append((time.perf_counter() - begin) / int(wanted) * 1e3)
    ms = sorted(times)[BLOCKS // 2]
    if rank == 0:
        print(json.dumps({"row": row, "ranks": ranks, "ms": round(ms, 4), "least_ms": round(min(times), 4), "items_s": round(shape[0] * ranks / ms * 1e3, 2), "parameters": count, "peer": versions()}), flush=True)
    dist.destroy_process_group()


def collectives(rank, ranks):
    join(rank, ranks, 1)
    for size in (4 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20):
        data = torch.zeros(size // 4)
        times = max(3, min(1000, (64 << 20) // size // 4))
        least = float("inf")
        for _ in range(5):
            dist.barrier()
            begin = time.perf_counter()
            for _ in range(times):
                dist.all_reduce(data)
            least = min(least, (time.perf_counter() - begin) / times)
        if rank == 0:
            print(json.dumps({"bytes": size, "ranks": ranks, "gloo_us": round(least * 1e6, 2)}), flush=True)
    dist.destroy_process_group()


def main():
    if sys.argv[1] == "collectives":
        return mp.spawn(collectives, args=(int(sys.argv[2]),), nprocs=int(sys.argv[2]))
    row, ranks, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 6.0
    variant = sys.argv[5] if len(sys.argv) > 5 else "plain"
    mp.spawn(steps, args=(row, ranks, threads, seconds, variant), nprocs=ranks)


if __name__ == "__main__":
    main()
