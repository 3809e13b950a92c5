"""The media engine: from any upload to a proxy and a poster, with every byte of it decoded in a limited child.

    source      a local file as a read-only descriptor, and its hash
    child       one limited process: limits, progress, the clock, and how it ended (`launcher`, `endings`)
    probe       what the file is, by PyAV inside such a child (`probe_child`)
    plan        from those facts to what shall be done
    command     the plan as one ffmpeg command
    transcode   the steps above in order, and the check of what came out
    frames      a proxy's pictures and sound as arrays, for models

Nothing here trusts a file name: libav sees a descriptor, may open nothing else, and reads only the containers
in `formats`.
"""
