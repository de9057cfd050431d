"""The web page: plain files of the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

STATIC = Path(str(files("docrerank.serving") / "static"))
router = APIRouter(include_in_schema=False)
static_files = StaticFiles(directory=STATIC)


@router.get("/")
async def show_web_page() -> FileResponse:
    """The page; it asks for a token where one is needed."""
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})
