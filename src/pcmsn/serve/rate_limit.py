"""How much one client may ask: a token bucket each, for a bounded number of clients."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED_CLIENTS = 4096


@dataclass
class _Bucket:
    left: float
    at: float


class RateLimit:
    """Buckets that hold ``at_once`` requests and are refilled with ``per_second`` of them.

    Of more than ``remembered`` clients the one that was away for the longest time is forgotten, and starts full again.
    """

    def __init__(
        self,
        per_second: float,
        at_once: int,
        *,
        remembered: int = REMEMBERED_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._remembered = remembered
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, client: str) -> float:
        """Take one request out of a client's bucket: 0.0 where there was one, else the seconds until there is."""
        now = self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(self._at_once, now)
        bucket.left = min(float(self._at_once), bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[client] = bucket
        while len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second
        bucket.left -= 1
        return 0.0


def client_key(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the 64 bits of an IPv6 network, which one client owns whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
