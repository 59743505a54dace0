"""Fourier transforms."""
import numpy as np
import torch

from golden import case, signed


def pair(function):
    """A function of a complex tensor as one of real and imaginary parts."""
    def parts(re, im):
        y = function(torch.complex(re, im))
        return (y.real, y.imag) if y.is_complex() else y
    return parts


def halves(y):
    return y.real, y.imag


for n in (1, 2, 3, 4, 5, 8, 12, 30, 67, 128):
    case(f"Fft/forward{n}", pair(torch.fft.fft), signed(2, n), signed(2, n))
    case(f"Fft/inverse{n}", pair(torch.fft.ifft), signed(2, n), signed(2, n))
    case(f"Rfft/{n}", lambda x: halves(torch.fft.rfft(x)), signed(2, n))
    case(f"Irfft/{n}", pair(lambda z: torch.fft.irfft(z, n)), signed(2, n // 2 + 1), signed(2, n // 2 + 1))
case("Fft/two", pair(torch.fft.fft2), signed(2, 3, 4), signed(2, 3, 4))
case("Fft/two-inverse", pair(torch.fft.ifft2), signed(2, 3, 4), signed(2, 3, 4))
case("Fft/three", pair(lambda z: torch.fft.fftn(z, dim=(-3, -2, -1))), signed(2, 3, 4), signed(2, 3, 4))
case("Fft/three-inverse", pair(lambda z: torch.fft.ifftn(z, dim=(-3, -2, -1))), signed(2, 3, 4), signed(2, 3, 4))
case("Fft/first", pair(lambda z: torch.fft.fft(z, dim=0)), signed(3, 4), signed(3, 4))
case("Rfft/two", lambda x: halves(torch.fft.rfft2(x)), signed(2, 3, 4))
case("Rfft/three", lambda x: halves(torch.fft.rfftn(x, dim=(-3, -2, -1))), signed(2, 3, 4))
case("Irfft/two", pair(lambda z: torch.fft.irfft2(z, s=(3, 5))), signed(2, 3, 3), signed(2, 3, 3))
case("Irfft/three", pair(lambda z: torch.fft.irfftn(z, s=(2, 3, 4), dim=(-3, -2, -1))), signed(2, 3, 3), signed(2, 3, 3))
for name, shape in [("odd", (5,)), ("even", (4,)), ("image", (3, 4))]:
    case(f"FftShift/{name}", torch.fft.fftshift, signed(*shape))
    case(f"IfftShift/{name}", torch.fft.ifftshift, signed(*shape))
for name, function in {"hann": torch.hann_window, "hamming": torch.hamming_window, "blackman": torch.blackman_window}.items():
    case(f"Window/{name}", lambda: function(6, periodic=True, dtype=torch.float64))
    case(f"Window/{name}-symmetric", lambda: function(7, periodic=False, dtype=torch.float64))
for name, n, length, hop in [("half", 16, 8, 4), ("odd", 21, 7, 3), ("one", 5, 5, 1)]:
    def stft(x):
        return torch.stft(x, length, hop, window=torch.hamming_window(length, dtype=x.dtype), center=False, return_complex=True).mT
    case(f"Stft/{name}", lambda x: halves(stft(x)), signed(2, n))


def cosines(n, weight):
    """The matrix of the cosine transform of type II, each row times its weight."""
    k, j = np.arange(n)[:, None], np.arange(n)
    return torch.from_numpy(np.array([weight(i) for i in range(n)])[:, None] * np.cos(np.pi * k * (2 * j + 1) / (2 * n)))


for n in (1, 4, 7, 16):
    case(f"Dct2/{n}", lambda x: x @ cosines(n, lambda k: 2).mT, signed(2, n))
    case(f"Dct2/orthonormal{n}", lambda x: x @ cosines(n, lambda k: ((1 if k == 0 else 2) / n) ** 0.5).mT, signed(2, n))
    case(f"Dct3/{n}", lambda x: x @ cosines(n, lambda k: 1 if k == 0 else 2), signed(2, n))
    case(f"Dct3/orthonormal{n}", lambda x: x @ cosines(n, lambda k: ((1 if k == 0 else 2) / n) ** 0.5), signed(2, n))
