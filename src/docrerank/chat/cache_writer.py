"""Replies that come in together are stored together: one transaction for a round of the event loop."""

from __future__ import annotations

import asyncio

from docrerank.chat.answers import Reply
from docrerank.chat.cache import Cache


class CacheWriter:
    """Stores replies in a cache; each is handed on only once it is safe."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._replies: dict[str, Reply] = {}
        self._stored: asyncio.Future[None] | None = None

    async def put(self, key: str, reply: Reply) -> None:
        """Store a reply; an asker that is cancelled meanwhile does not undo it.

        Raises:
            UserError: the disk is full or the file is damaged.
        """
        loop = asyncio.get_running_loop()
        self._replies[key] = reply
        if self._stored is None:
            self._stored = loop.create_future()
            loop.call_soon(self._flush)
        await asyncio.shield(self._stored)

    def _flush(self) -> None:
        stored, replies = self._stored, self._replies
        self._stored, self._replies = None, {}
        assert stored is not None
        try:
            self._cache.put(replies)
        except Exception as error:
            stored.set_exception(error)
        else:
            stored.set_result(None)
