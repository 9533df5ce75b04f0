"""The connection to a Milvus server: transient failures are tried again, all others said in plain words."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

from pcmsn.errors import GalleryError
from pcmsn.gallery.milvus.location import TOKEN_VARIABLE, MilvusLocation

CERTIFICATE_VARIABLE = "PCMSN_MILVUS_CA"
"""Environment variable with a PEM file of the authority that signed the server's certificate, for ``milvuss://``."""

DEFAULT_PATIENCE = 30.0
"""Seconds in which a call is tried again before it fails."""

_SHORTEST_CALL = 0.5
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
# Codes of a server that starts, moves its data or is too busy (Milvus 2.3: pkg/util/merr).
_TRANSIENT_CODES = frozenset({1, 2, 4, 8, 103, 500, 501, 503, 901, 902, 903, 904, 905})
_TRANSIENT_STATES = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED"})
_REFUSED_STATES = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})


class MilvusConnection:
    """Calls of one server by name, each with the patience that the connection was opened with.

    Safe for several threads. Raises GalleryError if the server cannot be reached or refuses the token.
    """

    def __init__(self, location: MilvusLocation, token: str | None = None, patience: float = DEFAULT_PATIENCE) -> None:
        self.location = location
        self._patience = patience
        self._token = os.environ.get(TOKEN_VARIABLE, "") if token is None else token
        self._client = self._retried("connect", self._connect)

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        """What a method of ``pymilvus.MilvusClient`` answers. Raises GalleryError when it stays without an answer."""
        return self._retried(
            method, lambda seconds: getattr(self._client, method)(*args, **{"timeout": seconds, **options})
        )

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _connect(self, seconds: float) -> Any:
        # The client shares connections by address and token alone, an open one even for a location that asks for TLS.
        options: dict[str, Any] = {"dedicated": True}
        if self.location.secure and (certificate := os.environ.get(CERTIFICATE_VARIABLE)):
            if not Path(certificate).is_file():
                raise GalleryError(
                    f"no file {certificate}, which {CERTIFICATE_VARIABLE} names; set it to the PEM file of the "
                    "authority that signed the server's certificate"
                )
            options["server_pem_path"] = certificate
        return pymilvus().MilvusClient(uri=self.location.uri, token=self._token, timeout=seconds, **options)

    def _retried(self, what: str, attempt: Any) -> Any:
        """An attempt's result; it is given the seconds that it may take. Transient failures are tried again."""
        errors = _client_errors()
        pause, deadline = _FIRST_PAUSE, time.monotonic() + self._patience
        while True:
            try:
                return attempt(max(_SHORTEST_CALL, deadline - time.monotonic()))
            except errors as error:
                if not _is_transient(error) or time.monotonic() + pause > deadline:
                    raise self._in_words(what, error) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _in_words(self, what: str, error: Exception) -> GalleryError:
        where = f"the Milvus server {self.location.address}"
        if _state(error) in _REFUSED_STATES:
            given = f"the token in {TOKEN_VARIABLE}" if self._token else f"a connection without {TOKEN_VARIABLE}"
            return GalleryError(
                f"{where} refuses {given}; set {TOKEN_VARIABLE} to user:password or an API key of a user who may use "
                f"the collection {self.location.collection}"
            )
        if _is_transient(error):
            scheme = (
                "milvus:// if the server has no TLS" if self.location.secure else "milvuss:// if the server has TLS"
            )
            return GalleryError(
                f"{where} gave no answer to {what} for {self._patience:g} seconds; check that it runs, that host and "
                f"port are right and that no firewall is in between, and use {scheme}. The command can be run "
                f"again: it goes on where it was. ({_last_line(error)})"
            )
        return GalleryError(f"{where} refuses {what}: {_last_line(error)}")


def pymilvus() -> Any:
    """The client library. Raises GalleryError with the command that installs it."""
    try:
        import pymilvus as library
    except ImportError as error:
        raise GalleryError(
            f"galleries on a Milvus server need the package pymilvus ({error}); run: pip install 'pcmsn[milvus]'"
        ) from error
    # It logs every failed call with its traceback before it raises it; the errors here say what is in them.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    return library


def _client_errors() -> tuple[type[Exception], ...]:
    pymilvus()
    import grpc
    from pymilvus.exceptions import MilvusException

    return (MilvusException, grpc.RpcError)


def _state(error: BaseException) -> str:
    """Name of the gRPC status behind an error, such as ``UNAVAILABLE``; empty where the server answered."""
    for cause in (error, error.__cause__, getattr(error, "code", None)):
        code = getattr(cause, "code", None)
        state = code() if callable(code) else cause
        name = getattr(state, "name", "")
        if isinstance(name, str) and name.isupper():
            return name
    return ""


def _is_transient(error: BaseException) -> bool:
    state = _state(error)
    return state in _TRANSIENT_STATES if state else getattr(error, "code", None) in _TRANSIENT_CODES


def _last_line(error: BaseException) -> str:
    return str(getattr(error, "message", "") or error).strip().splitlines()[-1].strip()
