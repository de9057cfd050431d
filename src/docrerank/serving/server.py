"""Runs the application: one process, or several that share the run's caches on disk."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator

import uvicorn
from uvicorn.supervisors import Multiprocess

from docrerank.records import UserError
from docrerank.runs import end_with_parent
from docrerank.serving.app import create_app
from docrerank.serving.logs import set_up_logs
from docrerank.serving.protocol import BoundedProtocol
from docrerank.serving.state import Settings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")


def run_server(settings: Settings, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT; what is under way is finished first.

    Args:
        settings: what is served.
        host: an address; one that others can reach needs a token.
        port: 0 takes a free one.
        workers: processes, each with its own copy of the models.

    Raises:
        UserError: no token for a reachable address, the port is taken, or a model cannot be loaded.
    """
    check_host(host, settings.token)
    sock = _bind(host, port)
    set_up_logs()
    _raise_file_limit(settings.limits.connections)
    config = _configure(settings, workers)
    if workers == 1:
        BoundedProtocol.limits = settings.limits
        config.app, config.factory = create_app(settings), False
        signal.signal(signal.SIGTERM, _leave)  # uvicorn drains at SIGTERM, then raises it again
        _announce(sock)
        uvicorn.Server(config).run([sock])
        return
    with _shared_metrics():
        _announce(sock)
        Multiprocess(config, [sock]).run()


def check_host(host: str, token: str) -> None:
    """Refuse to serve others without a token.

    Raises:
        UserError: the address is not of this machine alone, and there is no token.
    """
    if not is_loopback(host) and not token:
        raise UserError(f"others can reach {host}: put a token into DOCRERANK_TOKEN, or serve on 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _configure(settings: Settings, workers: int) -> uvicorn.Config:
    limits = settings.limits
    return uvicorn.Config(
        functools.partial(_create_in_worker, settings, os.getpid()),
        factory=True,
        workers=workers,
        http=BoundedProtocol,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        backlog=2_048,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.drain_seconds,
        timeout_worker_healthcheck=60,
    )


def _leave(*_: object) -> None:
    sys.exit(0)


def _create_in_worker(settings: Settings, parent: int) -> object:
    end_with_parent(parent)  # else workers would go on serving when the command is killed
    set_up_logs()
    BoundedProtocol.limits = settings.limits
    return create_app(settings)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise UserError(f"{host}:{port} cannot be opened ({error.strerror}): give another --host or --port") from None
    sock.set_inheritable(True)
    return sock


def _announce(sock: socket.socket) -> None:
    host, port = sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"docrerank: http://{shown}:{port}/", flush=True)


def _raise_file_limit(connections: int) -> None:
    """A file for every connection, and as many again to turn clients away politely."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * connections + 1_024
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))


@contextlib.contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder where worker processes add up their numbers."""
    with tempfile.TemporaryDirectory(prefix="docrerank-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
