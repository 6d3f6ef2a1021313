"""A folder that Posit Connect deploys as it is: entry point, requirements, package, manifest.

The package itself goes along as source, so that nothing but public libraries is installed there.
The manifest has the layout of Posit's documentation (docs.posit.co/connect/user/manifest); the
tests compare it with what Posit's own tool writes for the same folder.
"""

from __future__ import annotations

import hashlib
import json
import locale
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from acutecast.errors import Problem, raise_if_any
from acutecast.files import folder_problems, whole_folder

_ENTRY = '''"""Entry point for Posit Connect."""

import os
from pathlib import Path

os.environ.setdefault("ACUTECAST_IDENTITY", "connect")
access = Path(__file__).parent / "access.toml"
if access.exists():
    os.environ.setdefault("ACUTECAST_ACCESS", str(access))

from acutecast.{room} import served  # noqa: E402  (the settings above come first)

app = served()
'''


@dataclass(frozen=True)
class _Part:
    """What of an installation a bundle runs.

    Attributes:
        room: where its `served` is; the extra of the same name is what it needs.
        mode: what Connect calls such content.
        entry: what Connect serves, as Posit's tool writes it for this mode.
    """

    room: str
    mode: str
    entry: str


_PARTS = {
    "app": _Part("app", "python-shiny", "app"),
    "service": _Part("service", "python-fastapi", "app:app"),
}
_LEFT_OUT = ("__pycache__", "*.pyc", "*.nbi", "*.nbc")


def write_bundle(
    out: Path,
    access: Path | None = None,
    extras: tuple[str, ...] = (),
    replace: bool = False,
    part: str = "app",
) -> list[Path]:
    """Write the folder, whole or not at all.

    Args:
        out: the folder.
        access: the file with roles and providers, to go along.
        extras: further extras to install there, such as "postgres" or "cloud".
        replace: write over a bundle that is there.
        part: "app" for the web application, "service" for the HTTP service.

    Returns:
        The files written, relative to `out`, sorted.

    Raises:
        AcutecastError: where `out` holds something else, or `access` cannot be read.
    """
    problems = folder_problems(
        out, "manifest.json", "the folder holds a bundle already", replace=replace
    )
    if access is not None and not access.is_file():
        problems.append(Problem("there is no such file", where=str(access)))
    raise_if_any(problems)
    of = _PARTS[part]
    with whole_folder(out) as scratch:
        (scratch / "app.py").write_text(_ENTRY.format(room=of.room), encoding="utf-8")
        needed = "".join(f"{line}\n" for line in requirements((of.room, *extras)))
        (scratch / "requirements.txt").write_text(needed, encoding="utf-8")
        if access is not None:
            shutil.copyfile(access, scratch / "access.toml")
        package = Path(__file__).parents[1]
        shutil.copytree(package, scratch / "acutecast", ignore=shutil.ignore_patterns(*_LEFT_OUT))
        text = json.dumps(_manifest(scratch, of), indent=2) + "\n"
        (scratch / "manifest.json").write_text(text, encoding="utf-8")
    return sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())


def _manifest(folder: Path, part: _Part) -> dict[str, object]:
    """Give the manifest of a folder: what runs it, and a checksum of every file."""
    files = {
        path.relative_to(folder).as_posix(): {
            "checksum": hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
    return {
        "version": 1,
        "locale": ".".join(part or "" for part in locale.getlocale()).strip(".") or "en_GB.UTF-8",
        "metadata": {"appmode": part.mode, "entrypoint": part.entry},
        "python": {
            "version": platform.python_version(),
            "package_manager": {
                "name": "pip",
                "version": _version_of("pip") or "24.0",
                "package_file": "requirements.txt",
            },
        },
        "files": files,
    }


def requirements(extras: tuple[str, ...]) -> list[str]:
    """List what the package and some of its extras need, at the versions in use here."""
    return sorted(set(_needed("acutecast", ("", *extras))), key=str.lower)


def _needed(package: str, extras: tuple[str, ...]) -> Iterator[str]:
    from packaging.requirements import Requirement

    for text in requires(package) or ():
        one = Requirement(text)
        if one.marker is not None and not any(one.marker.evaluate({"extra": e}) for e in extras):
            continue
        if one.name == "acutecast":
            yield from _needed("acutecast", tuple(sorted(one.extras)))
            continue
        here = _version_of(one.name)
        of = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
        yield f"{one.name}{of}=={here}" if here else f"{one.name}{of}{one.specifier}"


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
