"""The providers whose data an installation has, read once and kept."""

from __future__ import annotations

import posixpath
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem
from acutecast.files import file_system, is_url
from acutecast.scratch import scratch_folder
from acutecast.stores import reaching
from acutecast.workspace.access import Forbidden, Person, may
from acutecast.workspace.locks import alone
from acutecast.workspace.settings import Settings

if TYPE_CHECKING:
    from acutecast.compute import Watch
    from acutecast.provider import Provider
    from acutecast.workspace.workspace import Workspace

DEMO = "DEMO"
"""The code of the built-in provider."""

_DEMO_SECONDS = 1800
_KEPT = 3
# How long what an object store lists is believed, since asking takes a second.
_BELIEVED_SECONDS = 60
# What file systems say of a file that differs when it is written again.
_TELLING = ("size", "mtime", "ino", "LastModified", "last_modified", "ETag", "etag", "created")


@dataclass(frozen=True)
class Dataset:
    """One provider's baseline year.

    Attributes:
        code: the provider's.
        year: the calendar year in which the baseline financial year starts.
        root: the root of its tables, a path or URL.
        label: what people read ("RXX, 2023/24").
    """

    code: str
    year: int
    root: str
    label: str


def roots(settings: Settings) -> tuple[str, ...]:
    """Give the roots of provider tables: those named, or that of the demo."""
    return settings.data or (str(demo_root(settings)),)


def datasets(ws: Workspace, person: Person) -> list[Dataset]:
    """List what data a person may see, by code, the newest year first.

    Raises:
        AcutecastError: where a root cannot be reached.
    """
    return [found for found in all_datasets(ws.settings) if may(person, "see", found.code)]


def all_datasets(settings: Settings) -> list[Dataset]:
    """List all data, by code, the newest year first; of two roots with the same, the first."""
    found: dict[tuple[str, int], Dataset] = {}
    for root in roots(settings):
        for code, year in _listed(root):
            name = "Built-in demo region" if code == DEMO else code
            label = f"{name}, {year}/{(year + 1) % 100:02d}"
            found.setdefault((code, year), Dataset(code, year, root, label))
    return sorted(found.values(), key=lambda dataset: (dataset.code, -dataset.year))


def dataset_of(ws: Workspace, person: Person, code: str, year: int | None = None) -> Dataset:
    """Find the data of a provider.

    Args:
        ws: the workspace.
        person: who asks.
        code: the provider's.
        year: the baseline year; the newest if None.

    Raises:
        Forbidden: where the person may not see the provider.
        AcutecastError: where there is no such data.
    """
    if not may(person, "see", code):
        raise Forbidden()
    return find_dataset(ws.settings, code, year)


def find_dataset(settings: Settings, code: str, year: int | None = None) -> Dataset:
    """Find the data of a provider without asking who wants it."""
    there = [found for found in all_datasets(settings) if found.code == code]
    for found in there:
        if year in (None, found.year):
            return found
    if not there:
        raise AcutecastError(
            Problem(
                "there are no tables of this provider", code,
                remedy="Choose another provider, or ask whoever looks after this installation.",
            )
        )  # fmt: skip
    years = ", ".join(str(found.year) for found in there)
    raise AcutecastError(
        Problem(
            f"there are no tables of {code} of {year}", "baseline_year",
            remedy=f"There are those of {years}.",
        )
    )  # fmt: skip


def provider(ws: Workspace, person: Person, code: str, year: int | None = None) -> Provider:
    """Read a provider's tables, checked; those used last are kept until their files change.

    Args:
        ws: the workspace.
        person: who asks.
        code: the provider's.
        year: the baseline year; the newest if None.

    Raises:
        Forbidden: where the person may not see the provider.
        AcutecastError: with everything wrong with the tables.
    """
    return kept_provider(dataset_of(ws, person, code, year))


def evidence_root(ws: Workspace, person: Person, code: str) -> str | None:
    """Give the folder with what is known about each assumption; None where there is none.

    Raises:
        Forbidden: where the person may not see the provider.
    """
    root = dataset_of(ws, person, code).root
    folder = posixpath.join(root, "assumptions")
    with reaching(folder):
        system, path = file_system(folder)
        return folder if system.isdir(path) else None


def demo_root(settings: Settings) -> Path:
    """Give where the tables of the demo are, or will be."""
    return settings.home / "demo" / "data"


def ensure_demo(
    settings: Settings, watch: Watch | None = None, *, size: float = 1.0, seed: int = 1
) -> Path:
    """Make the built-in demo region where it is missing, as `acutecast demo` makes it.

    Args:
        settings: says where, and how many threads.
        watch: is told of progress.
        size: the size of its trust; 1.0 is about 100,000 spells a year.
        seed: another seed gives another region of the same kind.

    Returns:
        The root of its tables, whole: of several processes one makes them, and the others wait.
    """
    from acutecast import api

    root = demo_root(settings)
    mark = root / "extract.json"
    if mark.exists():
        return root
    with alone(settings.home / "demo.lock", _DEMO_SECONDS):
        if mark.exists():
            return root
        with scratch_folder("records", settings.home) as scratch:
            records = scratch / "records"
            api.synth(
                records, trusts=1, size=size, seed=seed, outpatient_years=(2023,),
                emergency_years=(2022, 2023), watch=watch,
            )  # fmt: skip
            api.extract_records(
                records, root, threads=settings.threads, replace=True, watch=watch
            )  # fmt: skip
    return root


class _Kept:
    """Providers by what they were read from; of several that ask, one reads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._reading: dict[Any, threading.Lock] = {}
        self._providers: OrderedDict[Any, tuple[Any, Provider]] = OrderedDict()

    def get(self, dataset: Dataset) -> Provider:
        from acutecast.provider import read_provider

        key = (dataset.root, dataset.code, dataset.year)
        with self._lock:
            turn = self._reading.setdefault(key, threading.Lock())
        with turn:
            stamp = _stamp(dataset)
            with self._lock:
                if key in self._providers and self._providers[key][0] == stamp:
                    self._providers.move_to_end(key)
                    return self._providers[key][1]
            read = read_provider(dataset.root, dataset.code, dataset.year)
            with self._lock:
                self._providers[key] = (stamp, read)
                self._providers.move_to_end(key)
                while len(self._providers) > self._most:
                    self._providers.popitem(last=False)
            return read


_PROVIDERS = _Kept(_KEPT)
_BELIEVED: dict[Any, tuple[float, Any]] = {}


def kept_provider(dataset: Dataset) -> Provider:
    """Read a provider's tables, checked, or give those kept, without asking who wants them."""
    return _PROVIDERS.get(dataset)


def _listed(root: str) -> list[tuple[str, int]]:
    from acutecast.provider import list_providers

    return _believed(root, ("listed", root), lambda: list_providers(root))


def _stamp(dataset: Dataset) -> tuple[Any, ...]:
    """Give what changes when any file of the tables does."""
    key = ("stamp", dataset.root, dataset.code, dataset.year)
    return _believed(dataset.root, key, lambda: tuple(_stamps(dataset)))


def _stamps(dataset: Dataset) -> list[Any]:
    from acutecast.provider import TABLES
    from acutecast.provider.read import leaf_folder

    stamps: list[Any] = []
    with reaching(dataset.root):
        system, base = file_system(dataset.root)
        system.invalidate_cache()
        for table in TABLES:
            leaf = leaf_folder(base, table, dataset.code, dataset.year)
            found = system.find(leaf, detail=True) if system.isdir(leaf) else {}
            stamps += [
                (path, *(str(about.get(name, "")) for name in _TELLING))
                for path, about in sorted(found.items())
            ]
    return stamps


def _believed(root: str, key: Any, ask: Any) -> Any:
    """Ask a local disk always, and an object store once a minute."""
    if not is_url(root):
        return ask()
    when, answer = _BELIEVED.get(key, (0.0, None))
    if answer is None or time.monotonic() - when > _BELIEVED_SECONDS:
        answer = ask()
        _BELIEVED[key] = (time.monotonic(), answer)
    return answer
