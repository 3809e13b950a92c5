"""PyTorch's old file format, written opcode by opcode, so that a test can put any nonsense into it."""

import struct
from collections.abc import Sequence

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
PROTOCOL = b"\x80\x02M\xe9\x03."
MACHINE = b"\x80\x02}."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def group(*items: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(items) + b"t"


def call(name: str, *arguments: bytes) -> bytes:
    """A call of `module name` with these arguments, the opcode REDUCE."""
    module, function = name.split()
    return f"c{module}\n{function}\n".encode() + group(*arguments) + b"R"


def storage(key: str, count: int, kind: str = "torch FloatStorage") -> bytes:
    module, name = kind.split()
    reference = group(text("storage"), f"c{module}\n{name}\n".encode(), text(key), text("cpu"), number(count), b"N")
    return reference + b"Q"


def tensor(place: bytes, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> bytes:
    sizes, steps = (group(*map(number, values)) for values in (shape, strides))
    hooks = call("collections OrderedDict")
    return call("torch._utils _rebuild_tensor_v2", place, number(offset), sizes, steps, b"\x89", hooks)


def mapping(**items: bytes) -> bytes:
    return call("collections OrderedDict") + b"(" + b"".join(text(k) + v for k, v in items.items()) + b"u"


def pickled(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


def keys(*names: str) -> bytes:
    return b"](" + b"".join(map(text, names)) + b"e"


def numbers(values: Sequence[float], layout: str = "f") -> bytes:
    """A storage's count and its values."""
    return struct.pack(f"<q{len(values)}{layout}", len(values), *values)


def file(tensors: bytes, order: bytes, *storages: bytes) -> bytes:
    return MAGIC + PROTOCOL + MACHINE + pickled(tensors) + pickled(order) + b"".join(storages)
