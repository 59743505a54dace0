"""Operations over space: transposed convolutions, poolings besides the plain ones, patches, morphology, moves between space and channels."""
import torch
import torch.nn.functional as F

from golden import backward, between, case, distinct, signed

TRANSPOSED = {
    "plain1": (F.conv_transpose1d, dict(), (2, 3, 4), (3, 2, 3)),
    "stride1": (F.conv_transpose1d, dict(stride=3, padding=1, output_padding=2), (2, 2, 3), (2, 2, 4)),
    "groups1": (F.conv_transpose1d, dict(dilation=2, groups=2), (1, 4, 3), (4, 1, 2)),
    "mixed2": (F.conv_transpose2d, dict(stride=(2, 1), padding=(1, 0), output_padding=(1, 0), dilation=(1, 2)), (1, 2, 3, 4), (2, 3, 3, 2)),
    "point2": (F.conv_transpose2d, dict(), (2, 3, 1, 1), (3, 4, 1, 1)),
    "stride3": (F.conv_transpose3d, dict(stride=2, padding=1), (1, 2, 2, 3, 2), (2, 1, 3, 2, 2)),
}
for name, (function, options, x, w) in TRANSPOSED.items():
    case(f"ConvTranspose/{name}", lambda x, w: function(x, w, **options), signed(*x), signed(*w))

LARGEST = {"1": (F.max_pool1d, (2, 2, 7), (3,)), "2": (F.max_pool2d, (1, 2, 6, 5), (3, 2)), "3": (F.max_pool3d, (1, 1, 4, 4, 3), (2, 2, 2))}
for name, (function, x, window) in LARGEST.items():
    case(f"MaxPoolWithIndices/plain{name}", lambda x: function(x, window, return_indices=True), distinct(*x))
    case(f"MaxPoolWithIndices/padded{name}", lambda x: function(x, window, stride=2, padding=1, return_indices=True), distinct(*x))
    case(f"MaxPoolWithIndices/dilated{name}", lambda x: function(x, window, stride=1, dilation=2, return_indices=True), distinct(*x))

UNPOOLS = {"1": (F.max_unpool1d, F.max_pool1d, (2, 2, 6)), "2": (F.max_unpool2d, F.max_pool2d, (1, 2, 4, 6)), "3": (F.max_unpool3d, F.max_pool3d, (1, 1, 2, 4, 2))}
for name, (unpool, pool, wide) in UNPOOLS.items():
    places = pool(torch.randn(wide, generator=torch.Generator().manual_seed(1)), 2, return_indices=True)[1]
    case(f"MaxUnpool/{name}", lambda x, places: unpool(x, places, 2, output_size=wide[2:]), signed(*places.shape), places.numpy())

ADAPTIVE = {"1": (F.adaptive_avg_pool1d, F.adaptive_max_pool1d, (2, 2, 7), (3,)), "2": (F.adaptive_avg_pool2d, F.adaptive_max_pool2d, (1, 2, 5, 3), (2, 4)),
            "3": (F.adaptive_avg_pool3d, F.adaptive_max_pool3d, (1, 1, 3, 4, 2), (2, 1, 2))}
for name, (mean, largest, x, size) in ADAPTIVE.items():
    case(f"AdaptiveAveragePool/{name}", lambda x: mean(x, size), distinct(*x))
    case(f"AdaptiveAveragePoolBackward/{name}", lambda x, dy: backward(lambda x: mean(x, size), 0)(x, dy)[0], distinct(*x), signed(*x[:2], *size))
    case(f"AdaptiveMaxPool/{name}", lambda x: largest(x, size, return_indices=True), distinct(*x))

# PyTorch takes the random number of the width first in two dimensions.
for name, x, window, size in [("small2", (1, 2, 7, 5), (2, 2), (3, 3)), ("batch2", (3, 1, 9, 6), (3, 2), (4, 5)), ("one2", (1, 1, 4, 4), (2, 2), (1, 2))]:
    case(f"FractionalMaxPool/{name}", lambda x, u: F.fractional_max_pool2d(x, window, size, return_indices=True, _random_samples=u.flip(-1).detach()), distinct(*x), between(0, 1, *x[:2], 2))
case("FractionalMaxPool/3", lambda x, u: F.fractional_max_pool3d(x, 2, (2, 3, 2), return_indices=True, _random_samples=u.detach()), distinct(1, 2, 5, 6, 4), between(0, 1, 1, 2, 3))

PATCHES = {"plain": dict(kernel_size=(2, 3)), "mixed": dict(kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), "point": dict(kernel_size=(1, 1), stride=2)}
for name, options in PATCHES.items():
    case(f"ExtractPatches/{name}", lambda x: F.unfold(x, **options), signed(2, 3, 6, 5))
    case(f"FoldPatches/{name}", lambda y: F.fold(y, (6, 5), **options), signed(*F.unfold(torch.zeros(2, 3, 6, 5), **options).shape))


def dilate(x, w, padding, stride):
    """No library here has it: the largest of window + element, by way of patches."""
    columns = F.unfold(F.pad(x, (padding,) * 4, value=-1e300), w.shape[1:], stride=stride)
    lengths = [(n + 2 * padding - k) // stride + 1 for n, k in zip(x.shape[2:], w.shape[1:])]
    return (columns.reshape(*x.shape[:2], -1, columns.shape[-1]) + w.flatten(1)[:, :, None]).max(2).values.reshape(*x.shape[:2], *lengths)


for name, padding, stride in [("plain", 0, 1), ("padded", 1, 1), ("stride", 1, 2)]:
    case(f"Dilation2D/{name}", lambda x, w: dilate(x, w, padding, stride), signed(2, 3, 5, 4), signed(3, 3, 2))
    case(f"Erosion2D/{name}", lambda x, w: -dilate(-x, w, padding, stride), signed(2, 3, 5, 4), signed(3, 3, 2))

for name, x, factors in [("1", (2, 1, 3), (2,)), ("2", (1, 2, 2, 3), (2, 3)), ("3", (1, 1, 2, 1, 2), (2, 3, 1))]:
    case(f"RepeatElements/{name}", lambda x: F.interpolate(x, scale_factor=tuple(map(float, factors)), mode="nearest"), signed(*x))
for name, groups, x in [("1", 2, (2, 6, 3)), ("2", 3, (1, 6, 2, 2)), ("all", 4, (1, 4, 2))]:
    shuffle = lambda x: x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
    case(f"ChannelShuffle/{name}", shuffle, signed(*x))
for name, factor, x in [("2", 2, (2, 8, 3, 2)), ("3", 3, (1, 9, 1, 2)), ("1", 1, (1, 2, 2, 2))]:
    case(f"PixelShuffle/{name}", lambda x: F.pixel_shuffle(x, factor), signed(*x))
    case(f"PixelUnshuffle/{name}", lambda x: F.pixel_unshuffle(x, factor), signed(x[0], 2, 6, 12))
for name, function, p, x in [("1", F.lp_pool1d, 3, (2, 2, 6)), ("2", F.lp_pool2d, 2, (1, 2, 4, 4)), ("4", F.lp_pool2d, 4, (1, 1, 5, 3))]:
    case(f"LpPool/{name}", lambda x: function(x, p, 2, 1), between(0.1, 1, *x))
