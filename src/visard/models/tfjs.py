"""Reads the weights of TensorFlow.js models: one file of numbers, and a manifest that says which are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError


def unpack(manifest: Sequence[Mapping[str, Any]], content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays that a weights manifest lays out, one after the other, in the content.

    Floats stored in half precision are widened. Raises ModelError for a quantisation that is not known.
    """
    arrays, at = {}, 0
    for weight in manifest:
        kept = weight.get("quantization", {}).get("dtype", weight["dtype"])
        if kept not in ("float16", "float32", "int32"):
            raise ModelError(f"weights stored as {kept} are not understood")
        kind = np.dtype(kept).newbyteorder("<")
        count = int(np.prod(weight["shape"], dtype=np.int64))
        flat = np.frombuffer(content, kind, count, at)
        arrays[weight["name"]] = flat.reshape(weight["shape"]).astype(weight["dtype"])
        at += flat.nbytes
    return arrays
