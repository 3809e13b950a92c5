from io import BytesIO

import pytest

from reelmill.models.torch_pickle import Name, UnsafeTorchFile, interpret
from tests.reelmill.models.state_dict import call, group, keys, mapping, number, pickled, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (number(-7), -7),
        (text("layer.weight"), "layer.weight"),
        (b"N", None),
        (b"\x88", True),
        (group(number(1), group(), text("a")), (1, (), "a")),
        (number(1) + number(2) + b"\x86", (1, 2)),
        (keys("a", "b"), ["a", "b"]),
        (mapping(a=number(1)), {"a": 1}),
        (text("a") + b"q\x00" + b"h\x00" + b"\x86", ("a", "a")),
        (b"ctorch\nFloatStorage\n", Name("torch FloatStorage")),
    ],
)
def test_plain_values_are_read(value: bytes, expected: object) -> None:
    assert interpret(BytesIO(pickled(value))) == expected


def test_the_file_is_left_behind_the_pickle() -> None:
    file = BytesIO(pickled(number(1)) + b"numbers")
    interpret(file)
    assert file.read() == b"numbers"


@pytest.mark.parametrize(
    ("opcode", "value"),
    [
        ("INST", b"(ios\nsystem\n"),
        ("OBJ", b"(" + text("os") + b"o"),
        ("NEWOBJ", text("os") + group() + b"\x81"),
        ("STACK_GLOBAL", text("os") + text("system") + b"\x93"),
        ("EXT1", b"\x82\x01"),
        ("PERSID", b"Pos.system\n"),
        ("NEXT_BUFFER", b"\x97"),
        ("DUP", number(1) + b"2"),
    ],
)
def test_an_opcode_that_no_state_dict_needs_is_refused(opcode: str, value: bytes) -> None:
    with pytest.raises(UnsafeTorchFile, match=f"the opcode {opcode},"):
        interpret(BytesIO(pickled(value)))


@pytest.mark.parametrize("name", ["os system", "builtins eval", "torch load", "torch.FloatStorage load"])
def test_a_name_that_no_state_dict_needs_is_refused_before_any_call(name: str) -> None:
    module, attribute = name.split()
    with pytest.raises(UnsafeTorchFile, match=f"names '{name}'"):
        interpret(BytesIO(pickled(f"c{module}\n{attribute}\n".encode())))


def test_an_allowed_name_may_not_be_called_with_anything_else() -> None:
    with pytest.raises(UnsafeTorchFile, match="calls something"):
        interpret(BytesIO(pickled(call("collections OrderedDict", text("x")))))
