"""Fetch a file that a course needs: whole and checked, or not at all, and say why not."""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from course_utils.errors import CourseError

PIECE = 1 << 18  # bytes read at once
STAGING, DAY = ".fetching-", 24 * 3600
SILENCE = 30  # seconds without a byte after which a server counts as gone


class DataError(CourseError):
    """Data cannot be had; the text says what to do."""


class DataMissing(DataError):
    """It was never fetched."""


class DataOffline(DataError):
    """The server cannot be reached, does not have it, or broke off."""


class DataDamaged(DataError):
    """A file is not the published one."""


class DataNotWritable(DataError):
    """The disk is full, or the folder may not be written to."""


def data_folder() -> Path:
    """Where fetched data lie: `$COURSE_DATA`, else `convnet-course` in the user's cache.

    The cache is `$XDG_CACHE_HOME`, else `~/.cache`. The folder may not exist yet.
    """
    chosen = os.environ.get("COURSE_DATA")
    if chosen:
        return Path(chosen).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "convnet-course"


def digest(path: Path, kind: str = "md5") -> str:
    """Checksum of a file, hexadecimal; `kind` is md5 or sha256."""
    with path.open("rb") as file:
        # Not for secrecy: the published checksums tell a damaged file from a whole one.
        return hashlib.file_digest(file, lambda: _hasher(kind)).hexdigest()


def fetch(urls: Sequence[str], path: Path, checksum: str, *, kind: str = "md5") -> None:
    """Download a file from the first server that has it, with a progress bar, and check it.

    Parameters
    ----------
    urls
        Of the same file on different servers, in order of preference.
    path
        Where it goes; where no server gives it, there is no such file afterwards.
    checksum
        The beginning of the published one, or all of it.
    kind
        md5 or sha256.

    Raises
    ------
    DataOffline
        If no server gives it.
    DataDamaged
        If what arrived is not the published file.
    DataNotWritable
        If it cannot be stored.
    """
    failures = []
    for url in urls:
        try:
            _fetch_one(url, path, checksum, kind)
            return
        except (DataOffline, DataDamaged) as failure:
            path.unlink(missing_ok=True)
            failures.append(failure)
    raise failures[0]  # of the preferred server


def _fetch_one(url: str, path: Path, checksum: str, kind: str) -> None:
    from tqdm.auto import tqdm

    hasher = _hasher(kind)
    with _reached(url) as answer, path.open("wb") as file:
        total = answer.length  # None where the server does not say
        bar = tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1000, desc=path.name)
        with bar:
            while piece := answer.read(PIECE):
                file.write(piece)
                hasher.update(piece)
                bar.update(len(piece))
    arrived = path.stat().st_size
    if total is not None and arrived < total:
        raise DataOffline(
            f"the connection to {urlparse(url).netloc} broke after {arrived} of {total} bytes of "
            f"{path.name}; nothing was kept, fetch it again"
        )
    if not hasher.hexdigest().startswith(checksum):
        raise DataDamaged(
            f"what {url} sent is not the published file: its {kind} is {hasher.hexdigest()}, "
            f"expected {checksum}; nothing was kept. A proxy or log-in page may have answered "
            "instead: open the address in a browser, then fetch it again"
        )


@contextmanager
def _reached(url: str) -> Iterator:
    """The server's answer; what goes wrong on the line becomes a sentence."""
    host = urlparse(url).netloc
    request = Request(url, headers={"User-Agent": "convnet-course"})
    try:
        with urlopen(request, timeout=SILENCE) as answer:
            yield answer
    except HTTPError as error:
        with error:  # it holds the connection
            raise DataOffline(
                f"the server says {error.code} {error.reason} for {url}: it may have moved, or be "
                "down; try again later"
            ) from None
    except URLError as error:
        raise DataOffline(
            f"cannot reach {host} ({error.reason}): is this machine offline? Connect (behind a "
            "proxy: export https_proxy=http://...) and fetch it again"
        ) from None
    except (HTTPException, ConnectionError, TimeoutError) as error:
        raise DataOffline(
            f"the connection to {host} broke ({error or type(error).__name__}); nothing was kept, "
            "fetch it again"
        ) from None


@contextmanager
def staging(needed: int) -> Iterator[Path]:
    """A fresh folder beside the data, gone afterwards whatever happens.

    What a killed download left there is cleared away a day later.

    Parameters
    ----------
    needed
        Bytes that must be free, so that a download does not fill the disk first.

    Raises
    ------
    DataNotWritable
        If they are not, or if writing fails within the block.
    """
    folder, scratch = data_folder(), None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{STAGING}*"):
            if time.time() - old.stat().st_mtime > DAY:  # a younger one may be at work
                shutil.rmtree(old, ignore_errors=True)
        if _free(folder) < needed:
            raise OSError(errno.ENOSPC, "disk full")
        scratch = Path(tempfile.mkdtemp(prefix=STAGING, dir=folder))
        yield scratch
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = f"the disk is full: {needed / 1e6:.0f} MB needed, {_free(folder) / 1e6:.0f} free"
        else:
            why = f"cannot write there ({error.strerror or error})"
        raise DataNotWritable(
            f"{folder}: {why}. Make room, or choose another folder: "
            "export COURSE_DATA=/path/to/folder"
        ) from None
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def put(source: Path, target: Path) -> None:
    """Move a finished file or folder to its place, instead of what was there before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        target.rename(source.parent / "old")  # goes with the staging folder
    source.replace(target)


def _free(folder: Path) -> int:
    """Bytes that fit into a folder, which may not exist yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _hasher(kind: str) -> "hashlib._Hash":
    makers: dict[str, Callable] = {"md5": hashlib.md5, "sha256": hashlib.sha256}
    return makers[kind](usedforsecurity=False)
