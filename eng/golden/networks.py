"""Operations of neural networks, and matrix products."""
import torch
import torch.nn.functional as F

from golden import backward, between, case, distinct, integers, signed

products = [("matrices", (2, 3), (3, 4)), ("vector", (1, 5), (5, 1)), ("batches", (2, 2, 2, 3), (2, 2, 3, 1)), ("shared", (2, 2, 3), (3, 4)), ("rows-none", (0, 3), (3, 2)), ("sum-none", (2, 0), (0, 3))]
for name, a, b in products:
    case(f"MatMul/{name}", torch.matmul, signed(*a), signed(*b))
    case(f"MatMul/transposed-{name}", lambda a, b: torch.matmul(a.mT, b.mT), signed(*a[:-2], a[-1], a[-2]), signed(*b[:-2], b[-1], b[-2]))

CONVOLUTIONS = {
    "plain1": (F.conv1d, dict(), (2, 2, 5), (3, 2, 3)),
    "stride1": (F.conv1d, dict(stride=2, padding=1), (2, 2, 5), (3, 2, 3)),
    "groups1": (F.conv1d, dict(dilation=2, groups=2), (1, 4, 6), (2, 2, 2)),
    "plain2": (F.conv2d, dict(), (1, 2, 4, 4), (3, 2, 3, 2)),
    "mixed2": (F.conv2d, dict(stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (1, 1, 5, 4), (2, 1, 2, 2)),
    "point2": (F.conv2d, dict(), (2, 3, 1, 1), (4, 3, 1, 1)),
    "padded3": (F.conv3d, dict(padding=1), (1, 1, 2, 3, 2), (2, 1, 2, 2, 2)),
}
for name, (function, options, x, w) in CONVOLUTIONS.items():
    convolve = lambda x, w: function(x, w, **options)
    y = convolve(torch.zeros(x), torch.zeros(w)).shape
    case(f"Conv/{name}", convolve, signed(*x), signed(*w))
    case(f"ConvBackwardData/{name}", lambda x, w, dy: backward(convolve, 0)(x, w, dy)[0], signed(*x), signed(*w), signed(*y))
    case(f"ConvBackwardWeights/{name}", lambda x, w, dy: backward(convolve, 1)(x, w, dy)[0], signed(*x), signed(*w), signed(*y))

POOLS = {1: (F.max_pool1d, F.avg_pool1d, (2, 2, 6)), 2: (F.max_pool2d, F.avg_pool2d, (1, 2, 5, 4)), 3: (F.max_pool3d, F.avg_pool3d, (1, 1, 3, 4, 3))}
for dimensions, (largest, mean, x) in POOLS.items():
    functions = {
        "max": lambda x: largest(x, 2, 2, 1), "average": lambda x: mean(x, 2, 2, 1, count_include_pad=False),
        "average-padding": lambda x: mean(x, 2, 2, 1, count_include_pad=True), "average-overlapping": lambda x: mean(x, 2, 1),
    }
    for name, function in functions.items():
        y = function(torch.zeros(x)).shape
        case(f"Pool/{name}{dimensions}", function, distinct(*x))
        case(f"PoolBackward/{name}{dimensions}", lambda x, dy: backward(function, 0)(x, dy)[0], distinct(*x), signed(*y), grad=name != "max")

for name, shape in [("matrix", (2, 3)), ("one", (1,)), ("empty", (0, 2))]:
    case(f"StraightThrough/{name}", lambda forward, backward: backward + (forward - backward).detach(), signed(*shape), signed(*shape))

channel = (signed(3), between(0.5, 1.5, 3))
for name, x in [("rows", (5, 3)), ("lines", (4, 3, 2)), ("images", (2, 3, 2, 2))]:
    axes = [d for d in range(len(x)) if d != 1]
    normalize = lambda x, scale, shift: F.batch_norm(x, None, None, scale, shift, training=True)
    case(f"BatchNorm/{name}", lambda x, scale, shift: (normalize(x, scale, shift), x.mean(axes), x.var(axes, unbiased=False)), signed(*x), *channel)
    case(f"BatchNormBackward/{name}", backward(normalize, 0, 1, 2), signed(*x), *channel, signed(*x))
    case(f"BatchNormInference/{name}", lambda x, scale, shift, mean, variance: F.batch_norm(x, mean.detach(), variance.detach(), scale, shift),
         signed(*x), *channel, signed(3), between(0.5, 1, 3))
for name, x in [("rows", (4, 3)), ("deep", (2, 4, 3)), ("vector", (3,))]:
    normalize = lambda x, scale, shift: F.layer_norm(x, (3,), scale, shift)
    case(f"LayerNorm/{name}", lambda x, scale, shift: (normalize(x, scale, shift), x.mean(-1), x.var(-1, unbiased=False)), signed(*x), *channel)
    case(f"LayerNormBackward/{name}", backward(normalize, 0, 1, 2), signed(*x), *channel, signed(*x))

for axis in (0, 1, -1):
    for name, function in {"linear": torch.softmax, "logarithm": torch.log_softmax}.items():
        along = lambda x: function(x, axis)
        case(f"Softmax/{name}{axis}", along, between(-9, 9, 2, 3, 2))
        case(f"SoftmaxBackward/{name}{axis}", lambda x, dy: backward(along, 0)(x, dy)[0], signed(2, 3, 2), signed(2, 3, 2))
case("Softmax/linear-1-one", lambda x: torch.softmax(x, -1), signed(2, 1))
case("Softmax/linear-1-empty", lambda x: torch.softmax(x, -1), signed(0, 3))

entropy = lambda x, labels: F.cross_entropy(x.flatten(0, -2), labels.flatten(), reduction="none").reshape(labels.shape)
for name, shape in [("rows", (4, 3)), ("deep", (2, 2, 5)), ("one-class", (3, 1)), ("no-rows", (0, 3))]:
    case(f"SoftmaxCrossEntropy/{name}", entropy, between(-9, 9, *shape), integers(0, shape[-1], *shape[:-1]))
    case(f"SoftmaxCrossEntropyBackward/{name}", lambda x, labels, dy: backward(entropy, 0)(x, labels, dy)[0], signed(*shape), integers(0, shape[-1], *shape[:-1]), signed(*shape[:-1]))
