"""Reading the released ``.npy`` files, which are pickles, without running what a pickle may ask for."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

# What NumPy's own pickles of arrays, scalars and dtypes name; everything else in a pickle is built from opcodes.
_ADMITTED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core.numeric", "_frombuffer"),
}


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that builds NumPy arrays, scalars and plain Python values, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        """The admitted function or type; raises ValueError for any other."""
        if (module, name) == ("_codecs", "encode"):  # how protocol 2 spells bytes
            return _encode_latin1
        if (module, name) not in _ADMITTED:
            raise ValueError(f"its pickle asks for {module}.{name}; only NumPy arrays and plain values are admitted")
        return super().find_class(module, name)


def _encode_latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"its pickle asks for the codec {encoding!r}")
    return text.encode("latin1")


def read_pickled_npy(path: Path) -> object:
    """The Python object inside a ``.npy`` file of dtype object and shape (), for example a dict.

    Raises ValueError for another kind of ``.npy`` or for a pickle that names anything but NumPy's own builders.
    """
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
        if dtype != np.dtype(object) or shape != ():
            raise ValueError(f"it holds an array of dtype {dtype} and shape {shape}, not one pickled object")
        try:
            content = ArrayUnpickler(file).load()
        except (pickle.UnpicklingError, AttributeError, IndexError, KeyError, TypeError, ImportError) as error:
            raise ValueError(f"its pickle is damaged: {error}") from error
    return content.item() if isinstance(content, np.ndarray) and content.shape == () else content
