"""Runs the application: one process, or several that share the run's caches on disk."""

from __future__ import annotations

import contextlib
import ipaddress
import multiprocessing
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import uvicorn
from fastapi import FastAPI
from prometheus_client.multiprocess import mark_process_dead

from docrerank.records import UserError
from docrerank.serving.logs import set_up_logs
from docrerank.serving.protocol import BoundedProtocol
from docrerank.serving.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
#: After the drain: for answers to go out, and for a batch to end, before the process is ended by force.
LAST_SECONDS, FORCE_SECONDS = 2, 8
#: How a worker ends whose models cannot be loaded: another one could not either.
CANNOT_START = 3
#: Modules that a worker needs, imported once for all: a killed worker is replaced within seconds.
PRELOADED = ["docrerank.serving.app", "sentence_transformers"]
IDLE_SECONDS = 10
#: After which the models' thread lets the event loop have its turn.
SWITCH_SECONDS = 0.001


def run_server(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    announce: Callable[[str], None] = lambda url: print(f"docrerank: {url}", flush=True),
) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight then have `drain_seconds`.

    Args:
        settings: what is served.
        host: an address; one that others can reach needs a token.
        port: 0 takes a free one.
        workers: processes, each with its own copy of the models.
        announce: called with the server's address when it can be opened.

    Raises:
        UserError: no token for a reachable address, the port is taken, or a model cannot be loaded.
    """
    check_host(host, settings.token)
    sock = _bind(host, port)
    _raise_file_limit()
    if workers > 1:
        announce(_address(sock))
        _supervise(settings, sock, workers)
        return
    if settings.models:  # else the terminal belongs to the auditor
        set_up_logs()
    server = _create_server(settings)
    sock.listen()  # a browser that opens the address at once waits
    announce(_address(sock))
    server.run([sock])


def check_host(host: str, token: str) -> None:
    """Refuse to serve others without a token.

    Raises:
        UserError: the address is not of this machine alone, and there is no token.
    """
    if not is_loopback(host) and not token:
        raise UserError(f"others can reach {host}: put a token into DOCRERANK_TOKEN, or serve on 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Examples:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class DrainingServer(uvicorn.Server):
    """Answers what is in flight when it must stop, in time, and ends the process by force if that fails."""

    def __init__(self, app: FastAPI, config: uvicorn.Config, drain_seconds: int) -> None:
        super().__init__(config)
        self._app, self._seconds = app, drain_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what idles, wait for what is in flight."""
        force = threading.Timer(self._seconds + FORCE_SECONDS, os._exit, [0])
        force.daemon = True
        force.start()
        self._app.state.server.stop_after(self._seconds)
        await super().shutdown(sockets)


def _create_server(settings: Settings) -> DrainingServer:
    from docrerank.serving.app import create_app

    sys.setswitchinterval(SWITCH_SECONDS)
    BoundedProtocol.limits = settings.limits
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        backlog=2_048,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=settings.limits.drain_seconds + LAST_SECONDS,
    )
    signal.signal(signal.SIGTERM, _leave)  # uvicorn drains at SIGTERM, then raises it again
    return DrainingServer(app, config, settings.limits.drain_seconds)


def _leave(*_: object) -> None:
    sys.exit(0)


def _work(settings: Settings, sock: socket.socket) -> None:
    """A worker process; it ends when the command does, however that ends."""
    threading.Thread(target=_end_with_command, daemon=True).start()
    set_up_logs()
    try:
        server = _create_server(settings)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)
    server.run([sock])


def _end_with_command() -> None:
    command = multiprocessing.parent_process()
    if command is not None:
        command.join()
        os._exit(1)


def _supervise(settings: Settings, sock: socket.socket, count: int) -> None:
    """Keep so many workers running until a signal; ends within the drain and some seconds."""
    stop, stopped = socket.socketpair()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.send(b"x"))
    with tempfile.TemporaryDirectory(prefix="docrerank-metrics-") as folder:  # where workers add up their numbers
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)

        def start() -> BaseProcess:
            process = context.Process(target=_work, args=(settings, sock))
            process.start()
            return process

        workers = [start() for _ in range(count)]
        while stopped not in (ready := wait([stopped, *(worker.sentinel for worker in workers)])):
            ended = [worker for worker in workers if worker.sentinel in ready]
            for worker in ended:
                worker.join()
                mark_process_dead(worker.pid)
            if any(worker.exitcode == CANNOT_START for worker in ended):
                _end(workers, 0)
                sys.exit(1)
            time.sleep(0.2)  # one that ends as soon as it begins must not keep a core busy
            workers = [start() if worker in ended else worker for worker in workers]
        _end(workers, settings.limits.drain_seconds + FORCE_SECONDS)


def _end(workers: list[BaseProcess], seconds: float) -> None:
    """Let workers finish what is in flight, and kill those that do not."""
    deadline = time.monotonic() + seconds
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
        worker.kill()


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise UserError(f"{host}:{port} cannot be opened ({error.strerror}): give another --host or --port") from None
    return sock


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _raise_file_limit() -> None:
    """Every connection is a file, and so is one that is refused politely."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
