"""A real Milvus server on this machine, with a password, for the tests of a session; and a wire that can be cut."""

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

TOKEN = "root:Milvus"
SECONDS_TO_START = 120.0
_FREE_FROM = 23_000
_numbers = count()


@dataclass(frozen=True)
class RunningMilvus:
    """A server that listens, with authorization switched on."""

    port: int
    pid: int
    token: str = TOKEN

    def location(self, *, port: int | None = None, query: str = "") -> str:
        """The location of a gallery that no other test has."""
        return f"milvus://127.0.0.1:{port or self.port}/gallery_{os.getpid()}_{next(_numbers)}{query}"


@contextmanager
def running_milvus(folder: Path) -> Iterator[RunningMilvus]:
    """A Milvus 2.3.5 server with its data in a folder; ended by its process id."""
    from milvus import MilvusServer

    server = MilvusServer(wait_for_started=False)
    server.set_base_dir(str(folder))
    server.config.set("authorization_enabled", True)
    for name in server.config_keys:
        if name.endswith("_port"):
            server.config.configs[name] = _free_port()
    server.webservice_port = _free_port()
    # the embedded etcd takes its ports from a file of its own only; without it two servers cannot run side by side
    with _environment("ETCD_CONFIG_PATH", _etcd_settings(folder, server.config.configs["etcd_port"])):
        server.start()
    process = server.server_proc
    try:
        _wait_until_healthy(server.webservice_port, process, folder)
        yield RunningMilvus(port=server.listen_port, pid=process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        server.stop()


def _etcd_settings(folder: Path, port: int) -> str:
    clients, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{_free_port()}"
    path = folder / "etcd.yaml"
    path.write_text(
        f"name: default\ndata-dir: {folder / 'etcd'}\n"
        f"listen-client-urls: {clients}\nadvertise-client-urls: {clients}\n"
        f"listen-peer-urls: {peers}\ninitial-advertise-peer-urls: {peers}\ninitial-cluster: default={peers}\n"
    )
    return str(path)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _wait_until_healthy(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            if b"OK" in answer.read():
                return
        time.sleep(0.2)
    log = (folder / "logs" / "milvus-stdout.log").read_text(errors="replace")
    raise RuntimeError(f"the Milvus server did not start; the end of its log:\n{log[-2000:]}")


def _free_port() -> int:
    """A port that nothing listens on, and that no connection gets by chance: below the range of outgoing ones."""
    while True:
        port = _FREE_FROM + (os.getpid() * 37 + next(_numbers)) % 8000
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port


class Wire:
    """Passes bytes on to a port of this machine until it is cut; mended, it passes them on again."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        with socket.create_server(("127.0.0.1", 0)) as trial:
            self.port = int(trial.getsockname()[1])
        self.mend()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        for each in [self._listener, *self._open]:
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._open = []

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65_536):
            sink.sendall(content)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
