"""Tell Reelmill of an upload: five lines for the end of any upload handler, with the standard library alone."""

from __future__ import annotations

import json
import sys
from urllib.request import Request, urlopen


def tell_reelmill(path: str, door: str = "http://127.0.0.1:8480") -> str:
    """Put the uploaded file into the mill and return the video's id. Calling it twice is harmless."""
    body = json.dumps({"source": path}).encode()
    request = Request(f"{door}/v1/videos", body, {"Content-Type": "application/json"})  # noqa: S310 (our own door)
    with urlopen(request, timeout=30) as answer:  # noqa: S310 (as above)
        video: dict[str, str] = json.load(answer)
    return video["id"]


if __name__ == "__main__":
    print(tell_reelmill(*sys.argv[1:3]))
