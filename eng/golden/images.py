"""Operations on images."""
import colorsys

import numpy as np
import torch
import torch.nn.functional as F

from golden import backward, between, case, numpy_case, signed

SIZES = {"larger": (5, 7), "smaller": (2, 2), "mixed": (6, 1), "same": (3, 4), "odd": (4, 3)}
MODES = {
    "nearest": dict(mode="nearest"), "exact": dict(mode="nearest-exact"), "area": dict(mode="area"), "linear": dict(mode="bilinear", align_corners=False),
    "linear-corners": dict(mode="bilinear", align_corners=True), "cubic": dict(mode="bicubic", align_corners=False), "cubic-corners": dict(mode="bicubic", align_corners=True),
}
for mode, options in MODES.items():
    for name, size in SIZES.items():
        resize = lambda x: F.interpolate(x, size=size, **options)
        case(f"Resize/{mode}-{name}", resize, signed(1, 2, 3, 4))
        case(f"ResizeBackward/{mode}-{name}", lambda x, dy: backward(resize, 0)(x, dy)[0], signed(1, 2, 3, 4), signed(1, 2, *size))
case("Resize/line", lambda x: F.interpolate(x, size=7, mode="linear"), signed(2, 1, 4))
case("Resize/volume", lambda x: F.interpolate(x, size=(3, 2, 5), mode="trilinear"), signed(1, 2, 2, 4, 3))

for outside in ("zeros", "border", "reflection"):
    for mode in ("bilinear", "nearest", "bicubic"):
        for corners in (False, True):
            sample = lambda x, grid: F.grid_sample(x, grid, mode=mode, padding_mode=outside, align_corners=corners)
            name = f"{outside}-{mode}{'-corners' if corners else ''}"
            case(f"GridSample/{name}", sample, signed(2, 2, 3, 4), between(-3.3, 3.1, 2, 4, 3, 2))
            # PyTorch does not differentiate it twice.
            case(f"GridSampleBackward/{name}", backward(sample, 0, 1), signed(2, 2, 3, 4), between(-3.3, 3.1, 2, 4, 3, 2), signed(2, 2, 4, 3), grad=False)

for name, size in {"square": (3, 3), "wide": (2, 5), "one": (1, 1)}.items():
    for corners in (False, True):
        case(f"AffineGrid/{name}{'-corners' if corners else ''}", lambda theta: F.affine_grid(theta, (2, 1) + size, align_corners=corners), signed(2, 2, 3))


def colors(function):
    return lambda x: np.apply_along_axis(lambda pixel: function(*pixel), 1, x)


for name, shape in {"rows": (1, 3, 4, 5), "batch": (3, 3, 2, 2), "point": (1, 3, 1, 1)}.items():
    numpy_case(f"RgbToHsv/{name}", colors(colorsys.rgb_to_hsv), between(0, 1, *shape))
    numpy_case(f"HsvToRgb/{name}", colors(colorsys.hsv_to_rgb), between(0, 1, *shape))
