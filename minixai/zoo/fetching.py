"""Download the weights that Keras publishes, on request only.  Nothing else in minixai goes online.

Addresses and checksums are those of keras/src/applications/vgg16.py and vgg19.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from minixai.files import atomic_write
from minixai.progress import Progress
from minixai.validate import one_of

PUBLISHER = "https://storage.googleapis.com/tensorflow/keras-applications"
BLOCK, MB = 1 << 20, 1_000_000
TIMEOUT = 30  # seconds without an answer


class Source(NamedTuple):
    """A published file: its address, its MD5, and its length in bytes."""

    url: str
    md5: str
    length: int

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[1]


def source(network: str, ending: str, md5: str, length: int) -> Source:
    return Source(f"{PUBLISHER}/{network}/{network}_weights_tf_dim_ordering_tf_kernels{ending}.h5", md5, length)


SOURCES = {
    "vgg16": source("vgg16", "", "64373286793e3c8b2b4e3219cbf3544b", 553_467_096),
    "vgg19": source("vgg19", "", "cbe5617147190e668d6c5d5026f83318", 574_710_816),
    "vgg16-features": source("vgg16", "_notop", "6d6bbae143d832006294945121d1f1fc", 58_889_256),
    "vgg19-features": source("vgg19", "_notop", "253f8cb515780f3b799900260a226db6", 80_134_624),
}
"""{name: file}; the last two files lack the dense layers and are for `features_only`."""


def fetch(name: str, out: Path, progress: bool | None = None) -> bool:
    """Download a file of SOURCES.  The file is written only if it is complete and its checksum is right.

    Parameters
    ----------
    name : str
        A key of SOURCES.
    out : Path
        The path to write the file to.
    progress : bool, optional
        Whether to show progress on stderr; by default if stderr is a terminal.

    Returns
    -------
    bool
        True if the file was downloaded, False if it was there already.

    Raises
    ------
    ValueError
        If the name is unknown, the download fails, or the length or the checksum is not the published one.
    """
    wanted = SOURCES[one_of(name, SOURCES, "file of weights")]
    if out.is_file() and out.stat().st_size == wanted.length and md5_of(out) == wanted.md5:
        return False
    with atomic_write(out) as file:
        line = Progress(f"{wanted.name}, MB", -(-wanted.length // MB), progress)
        found, length = new_md5(), 0
        try:
            with closing(download_blocks(wanted.url)) as answer:
                for block in answer:
                    found.update(block)
                    file.write(block)
                    line.advance((length + len(block)) // MB - length // MB)
                    length += len(block)
                    if length > wanted.length:
                        break
        finally:
            line.close()
        if (length, found.hexdigest()) != (wanted.length, wanted.md5):
            raise ValueError(
                f"{wanted.url} gave {length:,} bytes with the MD5 {found.hexdigest()}, but its publisher names "
                f"{wanted.length:,} and {wanted.md5}: nothing was written, try again, or get the file in another way"
            )
    return True


def download_blocks(url: str) -> Generator[bytes, None, None]:
    """Yield the bytes at a URL in blocks.  Raises ValueError if the server does not answer or the connection breaks."""
    from http.client import HTTPException  # imported late: only a download needs them
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            while block := answer.read(BLOCK):
                yield block
    except (OSError, HTTPException) as problem:
        if isinstance(problem, HTTPError):
            problem.close()  # an HTTPError holds an open response
        reason = getattr(problem, "reason", None) or str(problem) or type(problem).__name__
        raise ValueError(
            f"{url} cannot be fetched ({reason}): nothing was written, try again, or get the file in another way"
        ) from None


def md5_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, new_md5).hexdigest()


def new_md5() -> Any:
    """Return a new MD5 hash.  The publisher lists MD5 sums, which detect damage but not forgery."""
    return hashlib.md5(usedforsecurity=False)
