"""Writes tests/Dunlin.Graphs.Tests/Ops/Special/references.csv: special functions to 17 digits, computed with mpmath (Debian: python3-mpmath) in 60.

Each line is a function's name, its arguments and its value. Run: /usr/bin/python3 eng/references/special_functions.py
"""
import pathlib
import random
from mpmath import mp, mpf, besseli, beta, betainc, cbrt, digamma, erf, erfc, erfinv, exp, findroot, gammainc, inf, log, loggamma, pi, polygamma, sin, sqrt, zeta

mp.dps = 60
random.seed(1)


def between(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def powers(low, high, count):
    return [10 ** random.uniform(low, high) for _ in range(count)]


def ndtr(x):
    return erfc(-x / sqrt(2)) / 2


def quantile(p):
    """By Newton's method on the logarithm, from the tail's leading term."""
    p = mpf(p)
    if p > 0.5:
        return sqrt(2) * erfinv(2 * p - 1)
    start = -sqrt(-2 * log(p)) if p < 0.1 else sqrt(2) * erfinv(2 * p - 1)
    return findroot(lambda x: log(ndtr(x)) - log(p), start)


def slope(function, at, order=1):
    """A derivative by differences, of numbers with enough digits for what cancels."""
    with mp.workdps(120):
        return mp.diff(function, at, order, h=mpf(10) ** -25)


def igamma_by_a(a, x):
    return mp.diff(lambda t: gammainc(t, 0, x, regularized=True), a, h=mpf(10) ** -25)


def beta_tail(a, b, x, at_mean):
    """The smaller one of I and I - 1, by a series of positive terms, so that far tails keep their digits."""
    lower = lambda a, b, x: x ** a * (1 - x) ** b / (a * beta(a, b)) * mp.hyp2f1(a + b, 1, a + 1, x)
    return lower(a, b, x) if x < at_mean else -lower(b, a, 1 - x)


positive = powers(-8, 8, 20) + between(0.1, 3, 15) + [0.5, 1 + 1e-9, 1 - 1e-9, 2 + 1e-9, 2 - 1e-9, 3.0, 10.0, 1e15]
signed = between(-4, 4, 12) + between(-40, 40, 12) + [1e-9, -1e-9, 0.0]
shapes = [(a, a * f) for a in powers(-3, 6, 18) for f in (random.uniform(0.1, 0.9), random.uniform(0.97, 1.03), random.uniform(1.1, 3))] + \
    [(a, x) for a in (0.01, 0.3, 1.0, 4.5) for x in (1e-5, 0.2, 0.5, 1.0, 7.0, 40.0)]
shapes = [(a, x) for a, x in shapes if a < 1e5 or abs(x / a - 1) < 0.05]
small_shapes = [(a, x) for a, x in shapes if a < 1e4]

functions = {
    "LogGamma": (lambda x: mp.re(loggamma(x)), [(x,) for x in positive + [-0.3, -0.5000001, -3.3, -7.8, -0.1, -1e-5]]),
    "Digamma": (digamma, [(x,) for x in positive + [1.46, 1.4616321449, 1.47, -0.3, -3.3, -7.8, -0.1, -1e-5]]),
    "Polygamma1": (lambda x: polygamma(1, x), [(x,) for x in positive + [-0.3, -3.3, -7.8]]),
    "Polygamma2": (lambda x: polygamma(2, x), [(x,) for x in positive if x < 1e7]),
    "Polygamma5": (lambda x: polygamma(5, x), [(x,) for x in positive if 1e-7 < x < 1e7]),
    "LogBeta": (lambda a, b: loggamma(a) + loggamma(b) - loggamma(a + b), list(zip(powers(-3, 6, 30), powers(-3, 6, 30))) + [(1e8, 1e-3), (12, 1e9)]),
    "Zeta": (lambda s, q: zeta(s, q), [(s, q) for s in between(1.01, 4, 6) + [2.0, 3.0, 20.0, 70.0] for q in powers(-3, 4, 2) + between(0.5, 12, 3)]),
    "Igamma": (lambda a, x: gammainc(a, 0, x, regularized=True), shapes),
    "Igammac": (lambda a, x: gammainc(a, x, inf, regularized=True), shapes),
    "IgammaByA": (igamma_by_a, random.sample(small_shapes, 30)),
    "Betainc": (lambda a, b, x: betainc(a, b, 0, x, regularized=True),
                [(a, b, x) for a, b in zip(powers(-2, 3, 20), powers(-2, 3, 20)) for x in (random.uniform(0.01, 0.99), min(max(a / (a + b) * random.uniform(0.97, 1.03), 1e-3), 0.999))]),
    "NormalCdf": (ndtr, [(x,) for x in between(-6, 6, 20) + between(-37, -6, 10)]),
    "LogNormalCdf": (lambda x: log(ndtr(x)), [(x,) for x in between(-6, 6, 20) + between(-40, -6, 10) + [-200.0, -1e5]]),
    "NormalQuantile": (quantile, [(p,) for p in between(0, 1, 15) + powers(-12, -1, 10) + [1e-300, 1e-100, 1 - 1e-10, 0.25, 0.75]]),
    "ErfInv": (erfinv, [(x,) for x in between(-1, 1, 20) + powers(-12, -1, 6) + [1 - 1e-10, 0.5, -0.5, 0.4999999]]),
    "Erfc": (erfc, [(x,) for x in between(-3, 3, 15) + between(3, 26, 10)]),
    "BesselI0": (lambda x: besseli(0, x), [(x,) for x in signed + [29.9, 30.1, 100.0, 700.0]]),
    "BesselI1": (lambda x: besseli(1, x), [(x,) for x in signed + [29.9, 30.1, 100.0, 700.0]]),
    "BesselI0Scaled": (lambda x: besseli(0, x) * exp(-abs(x)), [(x,) for x in signed + [29.9, 30.1, 1e4, -1e6]]),
    "BesselI1Scaled": (lambda x: besseli(1, x) * exp(-abs(x)), [(x,) for x in signed + [29.9, 30.1, 1e4, -1e6]]),
    "Sinc": (lambda x: sin(pi * x) / (pi * x) if x else mpf(1), [(x,) for x in signed]),
    "Logit": (lambda x: log(x) - log(1 - x), [(x,) for x in between(0, 1, 12) + powers(-12, -3, 4) + [1 - 1e-10]]),
    "Cbrt": (lambda x: mp.sign(x) * cbrt(abs(x)), [(x,) for x in signed + powers(-20, 20, 6)]),
}

# After the others, so that these keep their numbers.
betas = [(a, b, x) for a, b in zip(powers(-2, 3, 15), powers(-2, 3, 15)) for x in (random.uniform(0.01, 0.6), min(max(a / (a + b) * random.uniform(0.9, 1.1), 1e-3), 0.999))]
exponents = [(s, q) for s in between(1.01, 4, 6) + [2.0, 3.0, 20.0] for q in powers(-3, 3, 2) + between(0.5, 12, 3)]
functions |= {
    "IgammaByATwice": (lambda a, x: slope(lambda t: gammainc(t, 0, x, regularized=True) if x < a else -gammainc(t, x, inf, regularized=True), a, 2), random.sample(small_shapes, 30)),
    "ZetaByExponent": (lambda s, q: slope(lambda t: zeta(t, q), s), exponents),
    "ZetaByExponentTwice": (lambda s, q: slope(lambda t: zeta(t, q), s, 2), exponents),
    "BetaincByA": (lambda a, b, x: slope(lambda t: beta_tail(t, b, x, a / (a + b)), a), betas),
    "BetaincByB": (lambda a, b, x: slope(lambda t: beta_tail(a, t, x, a / (a + b)), b), betas),
}

lines = []
for name, (function, arguments) in functions.items():
    for point in arguments:
        value = function(*[mpf(x) for x in point])
        lines.append(",".join([name, *[repr(float(x)) for x in point], mp.nstr(mp.re(value), 17)]))
target = pathlib.Path(__file__).parents[2] / "tests/Dunlin.Graphs.Tests/Ops/Special/references.csv"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text("\n".join(lines) + "\n")
print(len(lines), "values")
