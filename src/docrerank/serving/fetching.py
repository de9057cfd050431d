"""Images from hosts that the operator allows: the address is looked up once, judged, and that one is connected to."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import SplitResult, urlsplit

from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits

Resolve = Callable[[str, int], list[str]]
CHUNK = 65_536


class Fetcher:
    """Fetches images from allowed hosts.

    No redirect is followed. A host that has any address which is private, of this machine, link-local, multicast or
    reserved is refused; the connection goes to the address that was judged, so that a name server which answers
    otherwise the second time changes nothing.

    Args:
        hosts: names that requests may point to.
        limits: of bytes and time.
        resolve: a name's addresses.
    """

    def __init__(self, hosts: Collection[str], limits: Limits, resolve: Resolve | None = None) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)
        self.limits = limits
        self.resolve = resolve or look_up

    def fetch(self, url: str, field: str) -> bytes:
        """The body behind a URL; blocks.

        Raises:
            ApiError: it is not allowed, or cannot be had.
        """
        parts = self._check(url, field)
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        try:
            address = self._choose(host, port, field)
            return self._read(parts, host, port, address, field)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = "took too long" if isinstance(error, TimeoutError) else "cannot be fetched"
            raise ApiError(422, "url_failed", f"the image {reason}", field, "send it as base64") from None

    def _check(self, url: str, field: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            allowed = parts.scheme in ("http", "https") and (parts.hostname or "").lower() in self.hosts
            allowed = allowed and parts.username is None and parts.port in (None, 80, 443)
        except ValueError:
            allowed = False
        if not allowed:
            message = "this server fetches nothing from there"
            hint = "send the image as base64; the operator allows hosts with --allow-url"
            raise ApiError(422, "url_not_allowed", message, field, hint)
        return parts

    def _choose(self, host: str, port: int, field: str) -> str:
        addresses = self.resolve(host, port)
        if not addresses or not all(map(is_public, addresses)):
            raise ApiError(
                422, "url_not_allowed", "the host is not on the public internet", field, "send it as base64"
            )
        return addresses[0]

    def _read(self, parts: SplitResult, host: str, port: int, address: str, field: str) -> bytes:
        deadline = time.monotonic() + self.limits.fetch_seconds
        connection = _Pinned(host, port, address, self.limits.fetch_seconds, parts.scheme == "https")
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers={"accept": "image/*", "accept-encoding": "identity"})
            response = connection.getresponse()
            if response.status != 200:
                message = f"the host answered with status {response.status}; redirects are not followed"
                raise ApiError(422, "url_failed", message, field, "send it as base64")
            return self._collect(response, deadline, field)
        finally:
            connection.close()

    def _collect(self, response: http.client.HTTPResponse, deadline: float, field: str) -> bytes:
        data = bytearray()
        while chunk := response.read1(CHUNK):
            data += chunk
            if len(data) > self.limits.image_bytes:
                message = f"an image may have {self.limits.image_bytes} bytes"
                raise ApiError(413, "image_too_large", message, field, "scale it down")
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(data)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was judged, under the host's name."""

    def __init__(self, host: str, port: int, address: str, seconds: float, encrypted: bool) -> None:
        super().__init__(host, port, timeout=seconds)
        self.address, self.encrypted = address, encrypted

    def connect(self) -> None:
        """Connect without asking for the name again."""
        plain = socket.create_connection((self.address, self.port), self.timeout)
        self.sock: Any = plain
        if self.encrypted:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def look_up(host: str, port: int) -> list[str]:
    """A name's addresses."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet.

    Example:
        >>> is_public("93.184.216.34"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1"), is_public("169.254.1.1")
        (True, False, False, False)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or mapped.is_global)
