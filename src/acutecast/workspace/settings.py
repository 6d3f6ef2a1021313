"""Settings of a shared installation: every one is an environment variable with a safe default."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from acutecast.errors import Problem, raise_if_any
from acutecast.files import is_url, joined, local

IDENTITIES = ("local", "connect", "proxy", "azure")
ANY = "any"
"""What stands in a list of names or addresses where all are meant."""


@dataclass(frozen=True)
class Settings:
    """How an installation is set up.

    Attributes:
        home: folder of the database and the runs (unless `database` and `results` say otherwise),
            and of the demo.
        database: SQLAlchemy URL; SQLite in `home` where None.
        results: folder or fsspec URL ("abfs://results/runs") of the stored runs; `runs` in `home`
            where None.
        data: roots of provider tables, paths or URLs, separated by spaces; one with spaces in it
            stands in double quotes. The demo region in `home` where empty.
        identity: who says who a person is: "local" (one person, no questions: a laptop),
            "connect" (Posit Connect), "proxy" (headers of a reverse proxy that removes them from
            what clients send), "azure" (Azure's built-in authentication).
        user_header: of "proxy": the header with the name of the person.
        groups_header: of "proxy": the header with their groups, comma separated.
        proxy_secret: of "proxy": a text of 16 letters or more that the proxy sends as
            `X-Acutecast-Secret`; who does not say it is nobody.
        proxies: of "proxy": addresses or networks (10.1.0.0/16) from which the proxy connects,
            separated by spaces; who comes from elsewhere is nobody. "any" says that nobody else
            can connect. Without this or the secret, nothing listens on more than 127.0.0.1.
        hosts: names by which people reach the installation, separated by spaces; with the port
            where browsers show one. The names of this machine (localhost) always count, and an
            address that `--host` names. "any" takes every name. On Posit Connect all that it lets
            in counts where this is empty.
        frames: addresses whose pages may show the application in a frame, such as
            https://intranet.example.org, separated by spaces. On Posit Connect its own always may.
        access: TOML file with roles and providers of people and groups; needed unless "local".
        suppress: small baseline counts below this are hidden in everything shown; None for none.
        workers: how many processes work on the queue; 0 where they are started apart.
        threads: threads of each of them; all processors where None.
        tokens: of `acutecast serve`: TOML file with the tokens of programs; needs `access` too.
        max_bytes: of `acutecast serve`: the most bytes that a request may send.
        max_queued: the most runs that one person may have waiting.
        max_runs: the most model runs that one run may have.
    """

    home: Path
    database: str | None = None
    results: str | None = None
    data: tuple[str, ...] = ()
    identity: str = "local"
    user_header: str = "X-Forwarded-User"
    groups_header: str = "X-Forwarded-Groups"
    proxy_secret: str | None = field(default=None, repr=False)
    proxies: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    access: Path | None = None
    suppress: int | None = None
    workers: int = 1
    threads: int | None = None
    tokens: Path | None = None
    max_bytes: int = 16 * 2**20
    max_queued: int = 20
    max_runs: int = 4096

    @property
    def url(self) -> str:
        """The URL of the database."""
        return self.database or f"sqlite:///{self.home / 'acutecast.db'}"

    @property
    def runs(self) -> Path | str:
        """The folder of the stored runs, or their URL."""
        if self.results is None:
            return self.home / "runs"
        return self.results.rstrip("/") if is_url(self.results) else local(self.results)

    def folder_of(self, job: str) -> Path | str:
        """Give the folder of a job's run, or its URL."""
        runs = self.runs
        path = joined(runs, job)
        return path if isinstance(runs, str) else Path(path)

    @property
    def said(self) -> str:
        """A sentence on where everything is kept."""
        if self.results is None:
            return f"Scenarios and runs are kept in {self.home}."
        return f"Scenarios are kept in {self.home}, and runs in {self.runs}."


VARIABLES = (
    ("ACUTECAST_HOME", "home"),
    ("ACUTECAST_DATABASE", "database"),
    ("ACUTECAST_RESULTS", "results"),
    ("ACUTECAST_DATA", "data"),
    ("ACUTECAST_IDENTITY", "identity"),
    ("ACUTECAST_USER_HEADER", "user_header"),
    ("ACUTECAST_GROUPS_HEADER", "groups_header"),
    ("ACUTECAST_PROXY_SECRET", "proxy_secret"),
    ("ACUTECAST_PROXIES", "proxies"),
    ("ACUTECAST_HOSTS", "hosts"),
    ("ACUTECAST_FRAMES", "frames"),
    ("ACUTECAST_ACCESS", "access"),
    ("ACUTECAST_SUPPRESS", "suppress"),
    ("ACUTECAST_WORKERS", "workers"),
    ("ACUTECAST_THREADS", "threads"),
    ("ACUTECAST_TOKENS", "tokens"),
    ("ACUTECAST_MAX_BYTES", "max_bytes"),
    ("ACUTECAST_MAX_QUEUED", "max_queued"),
    ("ACUTECAST_MAX_RUNS", "max_runs"),
)
"""The environment variables and their settings. The documentation is made from it."""


_LEAST = {
    "suppress": 2, "workers": 0, "threads": 1, "max_bytes": 1024, "max_queued": 1, "max_runs": 1,
}  # fmt: skip


_ROOT = re.compile(r'"([^"]+)"|([^\s"]+)')
_ROOTS = re.compile(r'\s*(("[^"]+"|[^\s"]+)(\s+|$))*')


def split_roots(text: str) -> tuple[str, ...]:
    """Give the roots that a text names: separated by spaces, one with spaces in double quotes."""
    return tuple(quoted or plain for quoted, plain in _ROOT.findall(text))


def join_roots(roots: Sequence[str]) -> str:
    """Write roots as `split_roots` reads them.

    Raises:
        AcutecastError: for what no text can name.
    """
    raise_if_any(
        Problem(
            "the path has a double quote, which the list of roots cannot hold",
            where=root,
            remedy="Move or link the data to a path without it.",
        )
        for root in roots
        if '"' in root
    )
    return " ".join(f'"{root}"' if len(root.split()) != 1 else root for root in roots)


def _whole_root(root: str) -> str:
    """Give a root as it is from any folder."""
    return root if is_url(root) else str(local(root).expanduser().absolute())


_LISTS = ("proxies", "hosts", "frames")
_SHORTEST_SECRET = 16
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?", re.ASCII)
_FRAME = re.compile(r"https?://(\*\.)?[\w.-]+(:\d{1,5})?", re.ASCII)


def _list_problems(values: Mapping[str, object], names: Mapping[str, str]) -> Iterator[Problem]:
    secret = values.get("proxy_secret")
    if isinstance(secret, str) and (len(secret) < _SHORTEST_SECRET or not secret.isascii()):
        yield Problem(
            f"is shorter than {_SHORTEST_SECRET} letters, or has others than ASCII",
            where=names["proxy_secret"],
            remedy="Take one that nobody can guess: openssl rand -hex 32.",
        )
    fits = {"proxies": _is_network, "hosts": _HOST.fullmatch, "frames": _FRAME.fullmatch}
    remedies = {
        "proxies": f"Write addresses or networks such as 10.1.0.0/16, or {ANY}.",
        "hosts": f"Write names such as acutecast.example.org, or {ANY}.",
        "frames": "Write addresses such as https://intranet.example.org.",
    }
    for name in _LISTS:
        listed: tuple[str, ...] = values.get(name, ())  # type: ignore[assignment]
        wrong = [t for t in listed if not fits[name](t) and not (t == ANY and name != "frames")]
        if wrong:
            yield Problem(f'"{wrong[0]}" cannot stand here', names[name], remedy=remedies[name])


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def read_settings(environment: Mapping[str, str] = os.environ, **stated: object) -> Settings:
    """Read the settings; what is `stated` (and not None) goes before the environment.

    Raises:
        AcutecastError: with everything that is wrong with them.
    """
    raw: dict[str, object] = {}
    names = {}
    for variable, name in VARIABLES:
        names[name] = variable
        if environment.get(variable):
            raw[name] = environment[variable]
    raw |= {name: value for name, value in stated.items() if value is not None}
    problems: list[Problem] = []
    values: dict[str, object] = {"home": Path(str(raw.get("home", "acutecast-workspace")))}
    values["home"] = Path(str(values["home"])).expanduser().absolute()
    for name in ("database", "user_header", "groups_header", "identity", "proxy_secret"):
        if name in raw:
            values[name] = str(raw[name])
    for name in _LISTS:
        if name in raw:
            given = raw[name]
            parts = re.split(r"[\s,]+", given.strip()) if isinstance(given, str) else given
            values[name] = tuple(str(part).casefold() for part in parts)  # type: ignore[union-attr]
    problems += _list_problems(values, names)
    if "results" in raw:
        values["results"] = _whole_root(str(raw["results"]))
    if "data" in raw:
        data = raw["data"]
        if isinstance(data, str) and not _ROOTS.fullmatch(data):
            problems.append(
                Problem(
                    "a double quote is not closed, or stands in the middle of a root",
                    where=names["data"],
                    example=data,
                    remedy='Write /one az://two "/with spaces".',
                )
            )
        roots = split_roots(data) if isinstance(data, str) else tuple(data)  # type: ignore[arg-type]
        values["data"] = tuple(map(_whole_root, roots))
    for name in ("access", "tokens"):
        if name in raw:
            values[name] = Path(str(raw[name])).expanduser().absolute()
    for name, least in _LEAST.items():
        if name in raw:
            text = str(raw[name])
            if text.isdecimal() and int(text) >= least:
                values[name] = int(text)
            else:
                problems.append(
                    Problem(
                        f'"{text}" is no whole number of at least {least}',
                        where=names[name],
                        remedy="Write a number, or leave it out.",
                    )
                )
    if values.get("identity", "local") not in IDENTITIES:
        problems.append(
            Problem(
                f'"{values["identity"]}" is no way to tell who a person is',
                where=names["identity"],
                remedy=f"Choose among {', '.join(IDENTITIES)}.",
            )
        )
    elif "access" not in values and (
        values.get("identity", "local") != "local" or "tokens" in values
    ):
        problems.append(
            Problem(
                "several people need a file that says who may see what",
                where=names["access"],
                remedy="Name a TOML file with roles and providers; the how-to shows one.",
            )
        )
    for name in ("access", "tokens"):
        if name in values and not Path(str(values[name])).is_file():
            problems.append(Problem("there is no such file", str(values[name])))
    raise_if_any(problems, "The settings")
    return Settings(**values)  # type: ignore[arg-type]
