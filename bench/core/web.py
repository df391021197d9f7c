"""Reading from other machines: listed hosts alone, by https or from this machine, with patience and with limits.

Redirects are followed by hand, for each must lead to a listed host again; answers that fail for a while are asked for
again, after as long as the server wishes; and nothing is read beyond what was announced.
"""

import ipaddress
import json
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from bench.core.context import Count
from bench.core.errors import BenchError, NotFoundError

AGENT = "geokr-bench"
CHUNK = 1 << 16
TRIES = 6
# Seconds: between tries at first, at most, to connect, and without a byte.
PAUSE, LONGEST_PAUSE, CONNECT, SILENCE = 0.5, 30.0, 10.0, 30.0
# A slow answer has this long, and a second more for each so many bytes.
DEADLINE, LEAST_SPEED = 60.0, 50_000
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
ABSENT = frozenset({404, 410})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
MOST_JSON = 32 << 20


@dataclass
class Traffic:
    """What was asked for and came, over all threads."""

    requests: int = 0
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, requests: int = 0, received: int = 0) -> None:
        """Add to both."""
        with self._lock:
            self.requests += requests
            self.bytes += received


@dataclass(frozen=True)
class Answer:
    """What came: the content, and the headers with names in lower case."""

    content: bytes
    headers: Mapping[str, str]


class Web:
    """Asks listed hosts.

    Args:
        hosts: names that may be asked; one that begins with a dot is of all hosts below it. This machine (127.0.0.1,
            localhost) is asked where it is listed.
        whose: who lists them, for messages.
        error: raised with one line for all that goes wrong.
        pause: seconds before the second try; doubled before each further one.

    Attributes:
        traffic: counts of requests and bytes.
    """

    def __init__(self, hosts: Collection[str], whose: str, error: type[BenchError], pause: float = PAUSE) -> None:
        self.traffic = Traffic()
        self._hosts = frozenset(hosts)
        self._whose = whose
        self._error = error
        self._pause = pause
        self._pool = urllib3.PoolManager(maxsize=16, headers={"User-Agent": AGENT})

    def check(self, url: str) -> None:
        """Refuse an address that may not be asked.

        Raises:
            BenchError: not https (or http on this machine), with a name and password, or on a host that is not listed.
        """
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            raise self._error(f"{url[:200]!r} is no address") from None
        if any(ord(letter) <= ord(" ") for letter in url) or parts.username is not None:
            raise self._error(f"{url[:200]!r} is no address that is read: it holds blanks or a password")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
            raise self._error(f"{url[:200]} is not read: only https is")
        if host not in self._hosts and not any(name.startswith(".") and host.endswith(name) for name in self._hosts):
            raise self._error(
                f"{url[:200]} is not read: {self._whose} lists {', '.join(sorted(self._hosts))} and not {host}"
            )

    def get(self, url: str, most: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Read all of an address, of at most so many bytes."""
        return self._ask("GET", url, most, dict(headers or {}), None)

    def post_json(self, url: str, value: Any) -> Any:
        """Send JSON, and read the JSON that comes back."""
        headers = {"Content-Type": "application/json", "Accept": "application/geo+json, application/json"}
        answer = self._ask("POST", url, MOST_JSON, headers, json.dumps(value).encode())
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            raise self._error(f"{url} gives no JSON: is it the address of a STAC API?") from None

    def save(self, url: str, path: Path, most: int, advance: Count) -> None:
        """Save an address as a file, from where an earlier try ended; until it is whole it is called `.NAME.part`.

        Args:
            url: the address.
            path: the file.
            most: bytes that it may have.
            advance: told how many bytes there are, and how many there will be.

        Raises:
            BenchError: it cannot be had; what came is kept for the next try.
        """
        part = path.with_name(f".{path.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        problem, failures = "", 0
        while failures < TRIES:
            before = part.stat().st_size if part.exists() else 0
            try:
                if self._save_on(url, part, most, advance):
                    part.replace(path)
                    return
                problem = "ended early"
            except _TooMuchError:
                part.unlink(missing_ok=True)
                raise self._error(f"{url} gives more than the {most:,} bytes that are taken: refused") from None
            except _BusyError as busy:
                problem, wait = str(busy), busy.wait
                time.sleep(min(wait or self._pause, LONGEST_PAUSE))
            except (HTTPError, OSError) as error:
                problem = _in_short(error)
            # As long as something comes, it goes on.
            grown = part.exists() and part.stat().st_size > before
            failures = 0 if grown else failures + 1
            if failures:
                time.sleep(min(self._pause * 2**failures, LONGEST_PAUSE))
        raise self._error(f"{url} cannot be read ({problem}): run it again to go on from where it is")

    def _save_on(self, url: str, part: Path, most: int, advance: Count) -> bool:
        """Ask once, from the part's end on; returns whether it is whole."""
        start = part.stat().st_size if part.exists() else 0
        with self._open("GET", url, {"Range": f"bytes={start}-"} if start else {}, None) as response:
            if response.status == 416:
                return True
            if response.status not in {200, 206}:
                if response.status in ABSENT:
                    raise NotFoundError(f"{url} is not there (answers {response.status})")
                if response.status not in AGAIN:
                    raise self._error(f"{url} cannot be read (answers {response.status})")
                raise _BusyError(f"answers {response.status}", _wished(response.headers.get("Retry-After")))
            if response.status == 200:
                start = 0
            elif start and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                part.unlink()
                return False
            announced = start + int(response.headers.get("Content-Length") or 0)
            if announced > most:
                raise _TooMuchError
            taken = start
            with part.open("ab" if start else "wb") as stream:
                for piece in self._pieces(response):
                    taken += len(piece)
                    if taken > most:
                        raise _TooMuchError
                    stream.write(piece)
                    advance(taken, announced)
            return taken >= announced

    def _ask(self, method: str, url: str, most: int, headers: dict[str, str], body: bytes | None) -> Answer:
        problem = ""
        for turn in range(TRIES):
            wait = self._pause * 2**turn
            try:
                with self._open(method, url, headers, body) as response:
                    if response.status in {200, 206}:
                        return Answer(self._read(response, most), _lowered(response))
                    if response.status in ABSENT:
                        raise NotFoundError(f"{url} is not there (answers {response.status})")
                    problem = f"answers {response.status}"
                    if response.status not in AGAIN:
                        break
                    wait = _wished(response.headers.get("Retry-After")) or wait
            except _TooMuchError:
                raise self._error(f"{url} gives more than the {most:,} bytes that are read: refused") from None
            except (HTTPError, OSError) as error:
                problem = _in_short(error)
            if turn + 1 < TRIES:
                time.sleep(min(wait, LONGEST_PAUSE))
        raise self._error(f"{url} cannot be read ({problem}): try again later; what is done is kept")

    def _open(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> BaseHTTPResponse:
        """Ask once, along redirects."""
        for _ in range(MOST_REDIRECTS + 1):
            self.check(url)
            self.traffic.count(requests=1)
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={"User-Agent": AGENT, "Accept-Encoding": "identity", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                enforce_content_length=False,  # an exception would lose what came before it
                timeout=urllib3.Timeout(connect=CONNECT, read=SILENCE),
            )
            if response.status not in REDIRECTS:
                return response
            url = urljoin(url, response.headers.get("Location", ""))
            response.drain_conn()
            response.release_conn()
        raise self._error(f"{url} is redirected more than {MOST_REDIRECTS} times")

    def _read(self, response: BaseHTTPResponse, most: int) -> bytes:
        announced = int(response.headers.get("Content-Length") or 0)
        if announced > most:
            raise _TooMuchError
        parts, taken = [], 0
        for part in self._pieces(response):
            taken += len(part)
            if taken > most:
                raise _TooMuchError
            parts.append(part)
        if taken < announced:
            raise OSError(f"ended after {taken:,} of {announced:,} bytes")
        return b"".join(parts)

    def _pieces(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        begun, taken = time.monotonic(), 0
        while part := response.read(CHUNK):
            taken += len(part)
            self.traffic.count(received=len(part))
            if time.monotonic() - begun > DEADLINE + taken / LEAST_SPEED:
                raise TimeoutError(f"{taken:,} bytes in {DEADLINE:.0f} s")
            yield part


class _TooMuchError(Exception):
    """More came than may be read."""


class _BusyError(Exception):
    """A server asks for time."""

    def __init__(self, text: str, wait: float | None) -> None:
        super().__init__(text)
        self.wait = wait


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _lowered(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _wished(text: str | None) -> float | None:
    """Seconds of a `Retry-After`, which is a number or a date."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _in_short(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text if len(text) < 160 else text[:157] + "..."
