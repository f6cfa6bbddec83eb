"""Where the shipped files lie: data/ beside the package in a clone, minixai/_data/ in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the path of a file that comes with minixai.

    >>> shipped("digits.npz").name
    'digits.npz'
    """
    installed = _PACKAGE / "_data"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "data"
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(
            f"no file {name!r} in {folder}, where minixai's shipped files lie: "
            "reinstall minixai, or restore data/ in a clone"
        )
    return path
