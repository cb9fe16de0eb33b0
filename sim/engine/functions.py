"""Functions that equations may call, written so that every engine gives the same bits.

``exp`` and ``log`` are polynomials in plain IEEE-754 arithmetic: no vendor library, no fused or
reordered operations. Compiled, vectorised and interpreted code therefore agree to the last bit, on any
processor, and a compiler can turn a loop that calls them into vector code (calls into libm stop that).
Argument reduction, and the coefficients of log, follow the public-domain fdlibm of Sun Microsystems
(``e_log.c``); those of exp are the minimax polynomial of degree 11 on [-ln 2 / 2, ln 2 / 2] (Remez
exchange, relative error 3.6e-18). Terms are gathered in pairs (Estrin's scheme), so that a processor can
work on several at a time. Errors against the correctly rounded result are below 2 units in the last place.
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
    r2 = r * r
    r4 = r2 * r2
    low = (0.5000000000000011 + 0.16666666666666413 * r) + (
        0.041666666666530267 + 0.008333333333494333 * r
    ) * r2
    high = (0.0013888888943597744 + 0.00019841269506779498 * r) + (
        2.480149313614022e-05 + 2.7557586266459244e-06 * r
    ) * r2
    top = 2.76302339357227e-07 + 2.5000072304856067e-08 * r
    p = ((low + high * r4) + top * (r4 * r4)) * r2 + r + 1.0
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
    z2 = z * z
    odd = 6.666666666666735130e-01 + z2 * (
        2.857142874366239149e-01 + z2 * (1.818357216161805012e-01 + z2 * 1.479819860511658591e-01)
    )
    even = 3.999999999940941908e-01 + z2 * (2.222219843214978396e-01 + z2 * 1.531383769920937332e-01)
    p = odd + z * even
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
