"""Read the tensors of a PyTorch file of the old kind, with neither torch nor pickle.

Before its version 1.6 `torch.save` wrote five pickles one after the other: a magic number, a protocol version, facts
about the machine, the tensors' names and shapes, and the order of their storages. The numbers follow: for each
storage a count of eight bytes and then its values, little-endian.
"""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelmill.models.torch_pickle import Storage, Tensor, UnsafeTorchFile, interpret

MAGIC = 0x1950A86A20F9469CFC6C
"""`torch.serialization.MAGIC_NUMBER`, the first pickle of every such file."""
PROTOCOL = 1001
"""`torch.serialization.PROTOCOL_VERSION`, the second."""
COUNT_BYTES = 8

Array = NDArray[Any]


def read_tensors(path: Path) -> dict[str, Array]:
    """The file's tensors by name, float32 or int64. Raises `UnsafeTorchFile` for anything but a state dict."""
    file = BytesIO(path.read_bytes())
    if (interpret(file), interpret(file)) != (MAGIC, PROTOCOL):
        raise UnsafeTorchFile(f"{path.name} is not a PyTorch file of the old kind.")
    interpret(file)
    tensors, order = interpret(file), interpret(file)
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise UnsafeTorchFile(f"{path.name} holds something other than named tensors.")
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if not isinstance(order, list) or set(order) != set(storages):
        raise UnsafeTorchFile(f"{path.name} does not say where its tensors' numbers are.")
    values = {key: _values(file, storages[key]) for key in order}
    return {name: _cut(tensor, values[tensor.storage.key]) for name, tensor in tensors.items()}


def _values(file: BytesIO, storage: Storage) -> Array:
    """The next storage's values, a view of the file's bytes."""
    count = int.from_bytes(file.read(COUNT_BYTES), "little")
    start, size = file.tell(), count * storage.dtype.itemsize
    data = file.getbuffer()[start : start + size]
    if count != storage.count or len(data) != size:
        raise UnsafeTorchFile(f"Storage {storage.key} is cut short, or not of the size that the tensors say.")
    file.seek(size, 1)
    return np.frombuffer(data, storage.dtype)


def _cut(tensor: Tensor, values: Array) -> Array:
    """Copy one tensor out of its storage, after checking that it lies inside and repeats nothing."""
    shape, strides = tensor.shape, tensor.strides
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((1, *shape, *strides)) < 1 or not 0 <= tensor.offset <= last < values.size >= math.prod(shape):
        raise UnsafeTorchFile("A tensor reaches outside its storage.")
    bytes_apart = tuple(stride * values.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], shape, bytes_apart).copy()
