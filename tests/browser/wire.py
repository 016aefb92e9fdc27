"""A wire between the browser and JupyterLab whose connections to kernels can be cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Wire:
    """Passes bytes on to a server of this machine; websockets of kernels only while it is not cut.

    Attributes:
        port: Where it listens.

    Args:
        to: The server's port.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._cut = False
        self._kernels: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends the connections to kernels, and lets no new ones through."""
        self._cut = True
        for one in self._kernels:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._kernels.clear()

    def mend(self) -> None:
        """Lets them through again."""
        self._cut = False

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, browser: socket.socket) -> None:
        with browser, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
            first = browser.recv(1 << 16)
            if b"/channels" in first.partition(b"\r\n")[0]:
                if self._cut:
                    return
                self._kernels += [browser, server]
            server.sendall(first)
            back = threading.Thread(target=self._pass_on, args=(server, browser), daemon=True)
            back.start()
            self._pass_on(browser, server)
            back.join()

    @staticmethod
    def _pass_on(here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(1 << 16):
                there.sendall(data)
        for one in (here, there):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
