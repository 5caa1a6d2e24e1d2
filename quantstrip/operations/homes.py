"""Making a home."""

import shutil

from quantstrip.errors import HomeError
from quantstrip.home import Home, asset

_SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc")


def make_home(home: Home) -> Home:
    """Make the folders of a home and put the shipped clients and helpers in; files that are there stay as they are.

    Raises:
        HomeError: the folder, or the one of the clients, is not writable, or it lies in a synchronised folder.

    """
    home.create()
    source = asset("clients")
    if source.is_dir() and source.resolve() != home.clients.resolve():
        try:
            shutil.copytree(source, home.clients, dirs_exist_ok=True, ignore=_SKIPPED, copy_function=_copy_new)
        except OSError as error:
            raise HomeError(
                f"the shipped clients cannot be copied to {home.clients}: {error}",
                hint="Give yourself write access to that folder, and see that the disk has room; then run it again.",
            ) from error
    return home


def _copy_new(source: str, target: str) -> str:
    try:
        with open(target, "xb") as file, open(source, "rb") as original:  # noqa: PTH123 - shutil hands over strings
            shutil.copyfileobj(original, file)
    except FileExistsError:
        return target  # the user's own version stays
    return target
