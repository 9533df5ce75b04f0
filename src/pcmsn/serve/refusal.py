"""What a client is told when it does not get what it asked for."""

from __future__ import annotations

import json
import math

from pcmsn.errors import ServerError


class RefusalError(ServerError):
    """An answer other than the one that was asked for: a status, a text for the client and further headers.

    The text holds no path of this machine and nothing of another client.
    """

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def busy(status: int, text: str, seconds: float) -> RefusalError:
    """A refusal that says when to come again."""
    whole = max(1, math.ceil(seconds))
    return RefusalError(status, f"{text}; try again in {whole} s", retry_after=str(whole))


def error_body(text: str) -> bytes:
    """The JSON of an error."""
    return json.dumps({"error": text}).encode()
