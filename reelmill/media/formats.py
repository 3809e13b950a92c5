"""Which containers are read: what phones, cameras, browsers and apps upload, and nothing that names other files."""

DEMUXERS = (
    "mov",  # And mp4, m4a, 3gp, 3g2, mj2, which are one demuxer.
    "matroska",  # And webm.
    "avi",
    "mpeg",
    "mpegts",
    "flv",
    "asf",
    "ogg",
    "gif",
)
"""libav's names. Playlists (hls, dash, concat, imf), image sequences and devices stay out."""

FORMAT_WHITELIST = ",".join(DEMUXERS)
"""The list as libav's `format_whitelist` takes it."""

PROTOCOL_WHITELIST = "fd"
"""The only protocol of the input: an open descriptor, which can name nothing else."""
