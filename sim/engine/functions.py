"""Functions that equations may call, written so that every engine gives the same bits.

``exp`` and ``log`` are polynomials in plain IEEE-754 arithmetic: no vendor library, no fused or
reordered operations. Compiled, vectorised and interpreted code therefore agree to the last bit, on any
processor, and a compiler can turn a loop that calls them into vector code (calls into libm stop that).
Argument reduction and coefficients follow the public-domain fdlibm of Sun Microsystems (``e_log.c``)
and the Taylor series of exp on [-ln 2 / 2, ln 2 / 2]. Errors against the correctly rounded result are
below 2 units in the last place.
"""

from __future__ import annotations

import numpy as np

# 1.5 * 2**52: adding it rounds a float to the nearest integer, held in the lowest mantissa bits.
ROUNDER = 6755399441055744.0
LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
EXP_LIMIT = 700.0
SQRT_HALF_BITS = np.int64(0x3FE6A09E00000000)
EXPONENT_MASK = np.int64(-4503599627370496)  # sign and exponent bits
MANTISSA_BITS = np.int64(52)
ROUNDER_BITS = np.int64(0x4338000000000000)


def exp(x: float) -> float:
    """The exponential of ``x``, with ``x`` held within +-700 so that it neither overflows nor vanishes."""
    if x > EXP_LIMIT:
        x = EXP_LIMIT
    if x < -EXP_LIMIT:
        x = -EXP_LIMIT
    shifted = x * LOG2_E + ROUNDER
    n = shifted - ROUNDER
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = 2.08767569878681e-09
    p = p * r + 2.5052108385441720e-08
    p = p * r + 2.7557319223985893e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.4801587301587302e-05
    p = p * r + 1.9841269841269841e-04
    p = p * r + 1.3888888888888889e-03
    p = p * r + 8.3333333333333332e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    p = p * r * r + r + 1.0
    # multiply by 2**n: the low bits of ``shifted`` are n, added to the exponent field of p
    bits = np.float64(p).view(np.int64) + (np.float64(shifted).view(np.int64) << MANTISSA_BITS)
    return np.int64(bits).view(np.float64)


def log(x: float) -> float:
    """The natural logarithm of ``x``; not a number for ``x`` <= 0 or ``x`` not a number."""
    offset = np.float64(x).view(np.int64) - SQRT_HALF_BITS
    k = np.int64((offset >> MANTISSA_BITS) + ROUNDER_BITS).view(np.float64) - ROUNDER
    m = np.int64(np.float64(x).view(np.int64) - (offset & EXPONENT_MASK)).view(np.float64)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    half_square = 0.5 * f * f
    value = k * LN2_HIGH - ((half_square - (s * (half_square + z * p) + k * LN2_LOW)) - f)
    return value if x > 0.0 else np.nan


def power(base: float, exponent: float) -> float:
    """``base`` to the power ``exponent`` for positive ``base``; 0 for a base of 0 and an exponent above 0."""
    if base == 0.0 and exponent > 0.0:
        return 0.0
    return exp(exponent * log(base))


def clip(x: float, low: float, high: float) -> float:
    """``x`` held between ``low`` and ``high``."""
    return min(max(x, low), high)
