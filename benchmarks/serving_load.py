"""Many clients at once against ``pcmsn serve``: what they are answered, how quickly, and the server's memory (Linux).

Each client draws random strokes and searches again as soon as it has an answer, from an address of its own
(127.0.0.2, 127.0.0.3, ...), so that the limit for one client and the queue for all are both met.

    pcmsn demo --out demo
    python benchmarks/serving_load.py --gallery demo/photos.gallery
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image, ImageDraw

EXPECTED = {200, 429, 503}


@dataclass(frozen=True)
class Answer:
    """What one search got."""

    status: int
    seconds: float


def main() -> None:
    """Print counts of answers, times of those that were searched, and memory; exit 1 for any other answer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gallery", required=True)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--searches", type=int, default=40, help="of each client")
    parser.add_argument("--side", type=int, default=384, help="of a sketch in pixels; the page sends 384")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    command = [sys.executable, "-m", "pcmsn", "serve", "--gallery", options.gallery, "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        result = measure(server, options.clients, options.searches, options.side)
    finally:
        server.send_signal(signal.SIGINT)
        code = server.wait(30)
    result["exit"] = code
    print(json.dumps(result) if options.json else table(result))
    sys.exit(0 if set(map(int, result["answers"])) <= EXPECTED and code == 0 else 1)


def measure(server: subprocess.Popen[str], clients: int, searches: int, side: int) -> dict[str, object]:
    """Warm the server up, load it, and look at its memory before, between and after."""
    address = urlsplit((server.stdout.readline() if server.stdout else "").strip())
    if not address.port:
        raise SystemExit("the server did not start; see above")
    port = address.port
    ask(port, 1, 4, side)
    before = memory(server.pid)
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        rounds = [threads.submit(ask, port, client, searches, side) for client in range(2, clients + 2)]
        between = []
        while not all(running.done() for running in rounds):
            between.append(memory(server.pid))
            time.sleep(0.1)
    seconds = time.perf_counter() - start
    answers = [answer for running in rounds for answer in running.result()]
    served = sorted(answer.seconds for answer in answers if answer.status == 200)
    return {
        "clients": clients,
        "answers": dict(sorted(Counter(str(answer.status) for answer in answers).items())),
        "searches_a_second": round(len(served) / seconds, 1),
        "median_ms": round(1000 * statistics.median(served)) if served else None,
        "p95_ms": round(1000 * served[int(0.95 * (len(served) - 1))]) if served else None,
        "memory_before_mib": before,
        "memory_highest_mib": max([before, *between]),
        "memory_after_mib": memory(server.pid),
    }


def ask(port: int, client: int, searches: int, side: int) -> list[Answer]:
    """The answers to one client, which waits a little when it is told to."""
    pen, answers = random.Random(client), []
    source = (f"127.0.{client // 250}.{1 + client % 250}", 0)
    for _ in range(searches):
        body = drawing(pen, side)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120, source_address=source)
        start = time.perf_counter()
        connection.request("POST", "/api/search?k=60", body, {"content-type": "image/png"})
        answer = connection.getresponse()
        answer.read()
        answers.append(Answer(answer.status, time.perf_counter() - start))
        connection.close()
        if answer.status != 200:
            time.sleep(0.1)
    return answers


def drawing(pen: random.Random, side: int) -> bytes:
    """Some dark strokes on white, as PNG."""
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    for _ in range(pen.randint(1, 8)):
        draw.line([(pen.randrange(side), pen.randrange(side)) for _ in range(5)], fill=(20, 20, 20), width=5)
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def memory(pid: int) -> int:
    """Resident MiB of a process and the processes that it started."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    pages = 0
    for one in pids:
        try:
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except OSError:  # it ended meanwhile
            continue
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def table(result: dict[str, object]) -> str:
    """The result as Markdown."""
    return "| what | value |\n|---|---|\n" + "\n".join(
        f"| {name.replace('_', ' ')} | {value} |" for name, value in result.items()
    )


if __name__ == "__main__":
    main()
