"""A TCP proxy that can lose things: connections, answers, time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

CHUNK_BYTES = 65_536


class Link:
    """One client's connection and ours to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.open = True

    def close(self) -> None:
        self.open = False
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class TcpProxy:
    """Passes bytes between clients and one server, until told to do worse.

    `swallow` is asked about each chunk the server sends; what it says True to is lost, as on a wire that breaks
    at that instant, and the connection ends. While `silent`, nothing passes and nothing ends: a half-open
    connection. While `cut`, connections are refused.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._links: set[Link] = set()
        self._lock = threading.Lock()
        self._passing = threading.Event()
        self._passing.set()
        self.refusing = False
        self.swallow: Callable[[bytes], bool] | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self.refusing = True
        self.drop()

    def drop(self) -> None:
        """End every connection; new ones are welcome."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.close()

    def fall_silent(self) -> None:
        """Pass nothing on any more, in either direction, and end nothing."""
        self._passing.clear()

    def mend(self) -> None:
        """Be an honest wire again; what fell silent has lost its bytes and its connections."""
        self.swallow = None
        self.refusing = False
        if not self._passing.is_set():
            self.drop()
            self._passing.set()

    def close(self) -> None:
        self._listener.close()
        self.mend()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            link = Link(client, server)
            with self._lock:
                self._links.add(link)
            for source, target, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(link, source, target, answers), daemon=True).start()

    def _pass(self, link: Link, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._passing.wait()
                if not link.open or (answers and self.swallow is not None and self.swallow(chunk)):
                    break
                target.sendall(chunk)
        link.close()
        with self._lock:
            self._links.discard(link)
