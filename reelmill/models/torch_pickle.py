"""A pickle machine that cannot call anything: it knows the opcodes and the names a state dict is made of.

Python's own unpickler looks up and calls whatever a file names. This one builds dicts, lists, tuples, strings,
integers and descriptions of tensors; every other opcode, and every other name, ends the reading.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from reelmill.errors import ReelmillError

PLAIN = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
"""Opcodes whose argument is the value itself."""
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY: dict[str, type] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
STORAGES: dict[str, np.dtype[Any]] = {"torch FloatStorage": np.dtype("<f4"), "torch LongStorage": np.dtype("<i8")}
NAMES = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", *STORAGES}
"""The globals of a state dict; pickletools puts a blank between module and name."""
MALFORMED = (ValueError, TypeError, LookupError, AttributeError)
"""What Python raises where a pickle's opcodes do not fit together."""


class UnsafeTorchFile(ReelmillError):
    """The file is not a plain PyTorch state dict; nothing of it was run."""


@dataclass(frozen=True)
class Storage:
    """A run of numbers at the file's end; tensors may share one."""

    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True)
class Tensor:
    """How to cut an array out of a storage; offset and strides are counted in values."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Name:
    """A global that the pickle refers to; it is compared, never imported."""

    text: str


class Mark:
    """Stands on the stack where a group of items begins."""


def interpret(file: BinaryIO) -> Any:
    """Read one pickle and leave the file behind it. Raises `UnsafeTorchFile` for what a state dict never holds."""
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(file):
            machine.step(opcode.name, argument)
        return machine.pop()
    except MALFORMED as error:
        raise UnsafeTorchFile(f"The pickle is malformed: {error}") from error


class _Machine:
    """The stack and memo of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one opcode, or refuse it."""
        if opcode in PLAIN:
            self.stack.append(argument)
        elif opcode in CONSTANTS:
            self.stack.append(CONSTANTS[opcode])
        elif opcode in EMPTY:
            self.stack.append(EMPTY[opcode]())
        elif opcode in SHORT_TUPLES:
            items = [self.pop() for _ in range(SHORT_TUPLES[opcode])]
            self.stack.append(tuple(reversed(items)))
        else:
            self._act(opcode, argument)

    def _act(self, opcode: str, argument: Any) -> None:
        match opcode:
            case "PROTO" | "STOP":
                pass
            case "MARK":
                self.stack.append(Mark())
            case "TUPLE":
                self.stack.append(tuple(self._group()))
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.stack[-1]
            case "BINGET" | "LONG_BINGET":
                self.stack.append(self.memo[argument])
            case "APPENDS":
                items = self._group()
                self.stack[-1].extend(items)
            case "SETITEM":
                value, key = self.pop(), self.pop()
                self.stack[-1][key] = value
            case "SETITEMS":
                items = self._group()
                self.stack[-1].update(zip(items[::2], items[1::2], strict=True))
            case "GLOBAL":
                self.stack.append(_name(argument))
            case "BINPERSID":
                self.stack.append(_storage(self.pop()))
            case "REDUCE":
                arguments, function = self.pop(), self.pop()
                self.stack.append(_rebuild(function, arguments))
            case "BUILD":
                # It hangs version numbers on the dict as attributes; they are of no use here.
                self.pop()
            case _:
                raise UnsafeTorchFile(f"The pickle uses the opcode {opcode}, which no state dict needs.")

    def pop(self) -> Any:
        """The top of the stack, taken off."""
        return self.stack.pop()

    def _group(self) -> list[Any]:
        """The items down to the last mark, in order; the mark goes too."""
        start = max(i for i, item in enumerate(self.stack) if isinstance(item, Mark))
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items


def _name(text: str) -> Name:
    if text not in NAMES:
        raise UnsafeTorchFile(f"The pickle names {text!r}, which no state dict needs.")
    return Name(text)


def _storage(reference: Any) -> Storage:
    match reference:
        case ("storage", Name(text=kind), str(key), str(), int(count), None) if kind in STORAGES:
            return Storage(key, STORAGES[kind], count)
    raise UnsafeTorchFile("The pickle refers to something that is not a storage.")


def _rebuild(function: Any, arguments: Any) -> dict[Any, Any] | Tensor:
    """The two calls a state dict makes: for an empty dict, and for a tensor out of a storage."""
    match function, arguments:
        case Name(text="collections OrderedDict"), ():
            return {}
        case Name(text="torch._utils _rebuild_tensor_v2"), (Storage() as storage, int(offset), shape, strides, *_):
            if _counts(shape) and _counts(strides) and len(shape) == len(strides):
                return Tensor(storage, offset, shape, strides)
    raise UnsafeTorchFile("The pickle calls something that no state dict needs.")


def _counts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, int) for item in value)
