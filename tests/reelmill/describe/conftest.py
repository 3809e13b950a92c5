"""Clips made with ffmpeg, and the real model folder."""

from tests.reelmill.media.conftest import landscape, make_clip, silent, transcode
from tests.reelmill.models.conftest import model_dir

__all__ = ["landscape", "make_clip", "model_dir", "silent", "transcode"]
