"""HTTP connections with deadlines for clients that are slow on purpose; uvicorn itself waits for them without end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pcmsn.serve.plain_answer import plain_headers, refuse
from pcmsn.serve.refusal import busy, error_body

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

NO_HTTP = "what was sent is no HTTP request, or its head is too long"


class ImpatientProtocol(H11Protocol):
    """A connection that is closed when the head of a request, or the client's reading of an answer, takes too long.

    Above ``most`` connections further ones are told to come again, above twice as many they are cut.
    """

    patience = 10.0
    """Seconds for the whole head of a request, and for each pause in reading."""
    most = 200

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the head of the first request."""
        super().connection_made(transport)
        if len(self.connections) > 2 * self.most:
            transport.abort()
            return
        if len(self.connections) > self.most:
            self.app = _full
        self._wait_for_client()

    def data_received(self, data: bytes) -> None:
        """Go on, and wait for the rest of a head, or of a body that was answered already."""
        super().data_received(data)
        unread = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        if self.conn.their_state is not h11.IDLE and not unread:
            self._forget_client()
        elif self._sending is None and not self.transport.is_closing():
            self._wait_for_client()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as everything else is answered, where no other answer has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        body = error_body(NO_HTTP)
        head = h11.Response(status_code=400, headers=plain_headers(body), reason=b"Bad Request")
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def pause_writing(self) -> None:
        """The client does not read: give it a while."""
        super().pause_writing()
        self._reading = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._forget_reading()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._forget_client()
        self._forget_reading()
        super().connection_lost(exc)

    def _wait_for_client(self) -> None:
        self._sending = self.loop.call_later(self.patience, self.transport.abort)

    def _forget_client(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _forget_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None


def impatient(patience: float, most: int) -> type[ImpatientProtocol]:
    """The protocol with another patience in seconds, for ``most`` connections at one time."""
    return type("ImpatientProtocol", (ImpatientProtocol,), {"patience": patience, "most": most})


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    await refuse(send, busy(503, "the server has more connections than it can serve", 2))
