"""Some rows of tables."""
import numpy as np
import torch

from golden import case, signed


def sums(numbers, rows):
    first = {int(n): i for i, n in reversed(list(enumerate(numbers)))}
    places = torch.tensor([first[int(n)] for n in numbers], dtype=torch.int64)
    once = torch.where(places == torch.arange(len(numbers)), numbers, torch.full_like(numbers, -1))
    return once, torch.zeros_like(rows).index_add(0, places, rows)


for i, (numbers, shape) in enumerate((([3, 0, 3, 3, 1], (5, 2)), ([7], (1,)), ([2, 2, 2], (3, 2, 2)))):
    case(f"SumDuplicateRows/{i}", sums, numbers, signed(*shape))
    case(f"TakeRows/{i}", lambda table, n: table.index_select(0, n), signed(8, *shape[1:]), numbers)
for i, (numbers, shape) in enumerate((([3, 0], (5, 2)), ([2], (3,)), ([0, 3, 1], (4, 2, 2)))):
    case(f"PutRows/{i}", lambda table, n, rows: table.index_copy(0, n, rows), signed(*shape), numbers, signed(len(numbers), *shape[1:]))
