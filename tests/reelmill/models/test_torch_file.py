from pathlib import Path

import numpy as np
import pytest

from reelmill.models.torch_file import read_tensors
from reelmill.models.torch_pickle import UnsafeTorchFile
from tests.reelmill.models.state_dict import (
    MAGIC,
    call,
    file,
    group,
    keys,
    mapping,
    number,
    numbers,
    pickled,
    storage,
    tensor,
    text,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_tensors_are_read_with_their_types_shapes_strides_and_offsets(path: Path) -> None:
    floats, integers = storage("11", 7), storage("22", 1, "torch LongStorage")
    tensors = mapping(
        rows=tensor(floats, (2, 3), (3, 1)),
        columns=tensor(floats, (3, 2), (1, 3), offset=1),
        steps=tensor(integers, (), ()),
    )
    path.write_bytes(file(tensors, keys("22", "11"), numbers([42], "q"), numbers([0, 1, 2, 3, 4, 5, 6])))
    read = read_tensors(path)
    np.testing.assert_array_equal(read["rows"], np.float32([[0, 1, 2], [3, 4, 5]]))
    np.testing.assert_array_equal(read["columns"], np.float32([[1, 4], [2, 5], [3, 6]]))
    np.testing.assert_array_equal(read["steps"], np.int64(42))
    assert read["rows"].dtype == np.float32
    assert read["steps"].dtype == np.int64


def test_version_numbers_hung_on_the_dict_are_ignored(path: Path) -> None:
    metadata = b"}" + text("_metadata") + b"}s" + b"b"
    tensors = mapping(a=tensor(storage("1", 1), (1,), (1,))) + metadata
    path.write_bytes(file(tensors, keys("1"), numbers([7])))
    assert read_tensors(path)["a"].tolist() == [7]


def hostile(marker: Path) -> dict[str, bytes]:
    """Pickles that would run `touch marker`, by each way a pickle can call."""
    command = text(f"touch {marker}")
    return {
        "a call of os.system": call("os system", command),
        "a call of posix.system": call("posix system", command),
        "a call of eval": call("builtins eval", command),
        "an old instance": b"(" + command + b"ios\nsystem\n",
        "an object": b"(cos\nsystem\n" + command + b"o",
        "a new object": b"cos\nsystem\n" + group(command) + b"\x81",
        "a name off the stack": text("os") + text("system") + b"\x93" + group(command) + b"R",
        "a registered extension": b"\x82\x01" + group(command) + b"R",
        "an allowed class called with arguments": call("collections OrderedDict", command),
        "a storage called": call("torch FloatStorage", command),
        "a number called": number(1) + group(command) + b"R",
    }


@pytest.mark.parametrize("way", hostile(Path()))
def test_a_file_that_would_run_something_is_refused_and_runs_nothing(path: Path, way: str) -> None:
    marker = path.with_name("ran")
    path.write_bytes(file(hostile(marker)[way], keys()))
    with pytest.raises(UnsafeTorchFile):
        read_tensors(path)
    assert not marker.exists()


@pytest.mark.parametrize("part", range(3))
def test_the_pickles_around_the_tensors_are_watched_too(path: Path, part: int) -> None:
    marker = path.with_name("ran")
    parts = [MAGIC, b"\x80\x02M\xe9\x03.", b"\x80\x02}."]
    parts[part] = pickled(call("os system", text(f"touch {marker}")))
    path.write_bytes(b"".join(parts) + pickled(mapping()) + pickled(keys()))
    with pytest.raises(UnsafeTorchFile, match=r"os system"):
        read_tensors(path)
    assert not marker.exists()


FLOATS = storage("1", 4)
VALUES = numbers([0, 1, 2, 3])


@pytest.mark.parametrize(
    "content",
    {
        "empty": b"",
        "a zip, as newer versions write": b"PK\x03\x04" + bytes(100),
        "another magic number": pickled(number(1)) + pickled(number(1001)) + VALUES,
        "cut inside a pickle": file(mapping(a=tensor(FLOATS, (4,), (1,))), keys("1"))[:-20],
        "cut inside the numbers": file(mapping(a=tensor(FLOATS, (4,), (1,))), keys("1"), VALUES[:-1]),
        "more numbers than said": file(mapping(a=tensor(FLOATS, (4,), (1,))), keys("1"), numbers([0] * 5)),
        "a count beyond all memory": file(mapping(a=tensor(FLOATS, (4,), (1,))), keys("1"), b"\xff" * 8 + VALUES[8:]),
        "a tensor longer than its storage": file(mapping(a=tensor(FLOATS, (5,), (1,))), keys("1"), VALUES),
        "a tensor that starts past it": file(mapping(a=tensor(FLOATS, (1,), (1,), 4)), keys("1"), VALUES),
        "a tensor that starts before it": file(mapping(a=tensor(FLOATS, (4,), (1,), -1)), keys("1"), VALUES),
        "a stride back": file(mapping(a=tensor(FLOATS, (2,), (-1,), 1)), keys("1"), VALUES),
        "one number repeated without end": file(mapping(a=tensor(FLOATS, (2**30,), (0,))), keys("1"), VALUES),
        "numbers repeated by overlap": file(mapping(a=tensor(FLOATS, (2, 3), (1, 1))), keys("1"), VALUES),
        "a stride back and one ahead": file(mapping(a=tensor(FLOATS, (2, 2), (-1, 1))), keys("1"), VALUES),
        "a negative size": file(mapping(a=tensor(FLOATS, (-1,), (-1,))), keys("1"), VALUES),
        "a shape without strides": file(mapping(a=tensor(FLOATS, (4,), ())), keys("1"), VALUES),
        "a shape that is a text": file(
            mapping(a=call("torch._utils _rebuild_tensor_v2", FLOATS, number(0), text("4"), group(number(1)), b"\x89")),
            keys("1"),
            VALUES,
        ),
        "a tensor of no storage": file(mapping(a=tensor(number(1), (4,), (1,))), keys("1"), VALUES),
        "a storage that is not one": file(group(text("module")) + b"Q", keys("1"), VALUES),
        "something else than tensors": file(mapping(a=number(1)), keys()),
        "a list": file(keys("a"), keys()),
        "no order": file(mapping(a=tensor(FLOATS, (4,), (1,))), number(1), VALUES),
        "a storage that the order lacks": file(mapping(a=tensor(FLOATS, (4,), (1,))), keys(), VALUES),
        "an odd number of keys and values": file(call("collections OrderedDict") + b"(" + text("a") + b"u", keys()),
        "a tuple from an empty stack": file(b"t", keys()),
        "a memo that was never put": file(b"h\x05", keys()),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_malformed_file_is_refused(path: Path, content: tuple[str, bytes]) -> None:
    path.write_bytes(content[1])
    with pytest.raises(UnsafeTorchFile):
        read_tensors(path)
