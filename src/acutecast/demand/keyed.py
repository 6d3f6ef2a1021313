"""Compiled draws that depend on nothing but their key, and what both kernels do with them."""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

import numpy as np

from acutecast.compute.compiling import kernel


@kernel(forceinline=True)
def scramble(x: np.uint64) -> np.uint64:
    """Scramble 64 bits; the compiled twin of `acutecast.streams.mix`."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel(forceinline=True)
def unit(x: np.uint64) -> float:
    """Turn 64 random bits into a uniform in (0, 1); the twin of `acutecast.streams.uniforms`."""
    return (float(x >> np.uint64(12)) + 0.5) * 2.220446049250313e-16


@kernel
def row_keys_of_text(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Hash each text of an Arrow string array (its bytes and offsets) to 64 bits.

    FNV-1a (Fowler, Noll and Vo), then scrambled.
    """
    keys = np.empty(len(offsets) - 1, dtype=np.uint64)
    for i in range(len(keys)):
        h = np.uint64(0xCBF29CE484222325)
        for j in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
        keys[i] = scramble(h)
    return keys


@kernel(forceinline=True)
def applying_factor(
    first: int,
    last: int,
    key: np.uint64,
    tag_tpma: np.ndarray,
    tag_rate: np.ndarray,
    tpma_key: np.ndarray,
    values: np.ndarray,
    applies: np.ndarray,
    out: np.ndarray,
) -> bool:
    """Multiply into `out` (Y,) the factors of a row's TPMAs (entries `first` to `last`) that apply.

    Each applies with its own sample rate, decided once per row and run and noted in `applies`
    (entries,). Returns False where none applies.
    """
    out[:] = 1.0
    any_applies = False
    for e in range(first, last):
        tpma = tag_tpma[e]
        applies[e - first] = tag_rate[e] >= 1.0 or (
            unit(scramble(key ^ tpma_key[tpma])) < tag_rate[e]
        )
        if applies[e - first]:
            any_applies = True
            for y in range(len(out)):
                out[y] *= values[tpma, y]
    return any_applies
