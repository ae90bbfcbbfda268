"""Roots, and the error function."""

from __future__ import annotations

from minilinalg.codegen.ptx.arithmetic import INFINITY, Doubles
from minilinalg.codegen.ptx.doubles.powers import exp


def rsqrt(c: Doubles, x: str) -> str:
    return c.f("rcp.rn", c.sqrt(x))


def cbrt(c: Doubles, x: str) -> str:
    """Halley's steps from a third of the exponent on, the last one of Newton's."""
    magnitude = c.abs(x)
    small = c.test("lt", magnitude, 1.0)
    # Far from where numbers end.
    a = c.mul(magnitude, c.choose(small, 2.0**54, 2.0**-54))
    # 1023 - 1023 / 3, and less, so that what is off is so in both directions.
    t = c.i("add.s64", c.i("mul.hi.u64", a, (1 << 64) // 3), 0x2A9F7893 << 32)
    for _ in range(3):
        cube = c.mul(c.mul(t, t), t)
        t = c.mul(t, c.div(c.fma(2.0, a, cube), c.fma(2.0, cube, a)))
    square = c.mul(t, t)
    lost = c.fma(t, t, c.neg(square))
    off = c.fma(t, lost, c.fma(square, t, c.neg(a)))
    t = c.sub(t, c.div(off, c.mul(square, 3.0)))
    found = c.signed(x, c.mul(t, c.choose(small, 2.0**-18, 2.0**18)))
    itself = c.w.pure("p", "or.pred", c.test("eq", x, 0.0), c.test("geu", magnitude, INFINITY))
    return c.choose(itself, x, found)


ERF = (
    0.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792, 0.0052239776248180145,
    -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-05, 1.6461000484121368e-06,
    -1.6350312701054695e-07, 1.4659775274047436e-08, -1.1372848856791674e-09, 5.957176147748911e-11,
)  # fmt: skip
"""erf(x) / x - 1 in x^2, for |x| <= 1."""
ERFC = (
    1.2530080582697296, -0.13562110612458114, -0.04756229435344479, 0.1296451587027637, -0.1192736634157219,
    0.06830802734361656, -0.023770514907384462, 0.0025293918261056728, 0.001888690199613754, -0.0007798323961360113,
    -0.00010515846137280347, 0.00012510015095839325, 4.942414738330948e-06, -2.0103280352210495e-05,
    -7.075077527302614e-07, 3.4763209299895497e-06, 3.053253715334505e-07, -6.143079941252588e-07,
    -7.61523479071428e-08, 8.749482445935002e-08,
)  # fmt: skip
"""(1 + 2 x) e^(x^2) (1 - erf(x)) in (x - 3) / (x + 3), for 0.75 <= x <= 28 (Shepherd and Laframboise, 1981)."""


def _rest(c: Doubles, magnitude: str) -> str:
    """1 - erf(x) for x >= 0.75."""
    x = c.held(magnitude, 0.75, 28.0)
    square = c.mul(x, x)
    lost = c.fma(x, x, c.neg(square))
    power = exp(c, c.neg(square))
    share = c.div(c.polynomial(c.div(c.sub(x, 3.0), c.add(x, 3.0)), ERFC), c.fma(x, 2.0, 1.0))
    return c.mul(c.fma(c.neg(share), lost, share), power)


def _near_zero(c: Doubles, x: str) -> str:
    return c.fma(c.polynomial(c.mul(x, x), ERF), x, x)


def erf(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    near = _near_zero(c, c.held(x, -1.0, 1.0))
    far = c.signed(x, c.sub(1.0, _rest(c, magnitude)))
    return c.or_nan(x, c.signed(x, c.choose(c.test("lt", magnitude, 0.75), near, far)))


def erfc(c: Doubles, x: str) -> str:
    magnitude = c.abs(x)
    near = c.sub(1.0, _near_zero(c, c.held(x, -1.0, 1.0)))
    rest = _rest(c, magnitude)
    far = c.choose(c.test("lt", x, 0.0), c.sub(2.0, rest), rest)
    return c.or_nan(x, c.choose(c.test("lt", magnitude, 0.75), near, far))
