"""Writes docs/reference from the code: provider tables, commands, TPMAs, the Python interface."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from acutecast import AcutecastError, Problem, api, facts
from acutecast.api.sweeps import Sweep
from acutecast.cli.main import app
from acutecast.extract import read_rules
from acutecast.extract.records import columns_of_record, unread_columns
from acutecast.provider import TABLES, columns_of
from acutecast.results import Run
from acutecast.results.memory import MemoryRun
from acutecast.workspace.settings import VARIABLES, Settings

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- made by scripts/make_reference.py -->"


def provider_tables() -> Iterator[str]:
    """Give a line at a time of the page on provider tables."""
    yield "# Provider tables\n"
    yield NOTE + "\n"
    yield "`<root>/<table>/fyear=<year>/dataset=<provider>/*.parquet`; the root is a path or any"
    yield "fsspec URL. Columns that are not listed are kept and not used.\n"
    for table in TABLES:
        yield f"## {table}\n"
        yield "| column | type | required | may be empty | values | unit | meaning |"
        yield "|---|---|---|---|---|---|---|"
        for c in columns_of(table):
            values = ", ".join(c.codes) if len(c.codes) <= 12 else f"{len(c.codes)} codes"
            if c.low is not None or c.high is not None:
                low = "" if c.low is None else f"{'above ' if c.above_low else ''}{c.low:g}"
                values = f"{low} to {c.high:g}" if c.high is not None else f"{low} and over"
            yes = {True: "yes", False: ""}
            cells = (c.name, c.kind, yes[c.required], yes[c.nullable], values, c.unit, c.meaning)
            yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
        yield ""


def records() -> Iterator[str]:
    """Give a line at a time of the page on a hospital's records."""
    yield "# Records of a hospital\n"
    yield NOTE + "\n"
    yield "What `acutecast extract` knows of episodes, appointments and attendances. A column is"
    yield "found by its name here or one of its names in HES, SUS+ and ECDS extracts, in any case;"
    yield "`extract.toml` names others ([how](../how-to/own-records.md)). `NN` stands for 01, 02 "
    yield "and so on. Of columns marked *one of* a group, one is needed. Others are not read.\n"
    titles = {
        "apc": "Admitted patients, a row an episode",
        "apc_diagnoses": "Their diagnoses in the long form",
        "apc_procedures": "Their procedures in the long form",
        "opa": "Outpatients, a row an appointment",
        "ecds": "Emergency care (ECDS), a row an attendance",
        "ae": "The older A&E form",
    }
    for record, title in titles.items():
        yield f"## {record}\n"
        yield title + ".\n"
        yield "| column | needed | type | also called | meaning |"
        yield "|---|---|---|---|---|"
        for c in columns_of_record(record):
            need = {"yes": "yes", "one": f"one of *{c.group}*", "no": ""}[c.need]
            others = sorted({n for names in c.names.values() for n in names} - {c.name})
            cells = (c.name, need, c.kind, ", ".join(others), c.meaning)
            yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
        yield ""
        unread = [c for c in unread_columns() if c.record == record]
        if unread:
            yield "Of NHS England's own layout these columns are known and not read:\n"
            yield "| columns | why not |"
            yield "|---|---|"
        for how, reason in dict.fromkeys((c.how, c.reason) for c in unread):
            listed = ", ".join(c.name for c in unread if (c.how, c.reason) == (how, reason))
            yield f"| {listed} | {how}: {reason} |"
        if unread:
            yield ""


def rules() -> Iterator[str]:
    """Give a line at a time of the page on the TPMA rules."""
    held = read_rules()
    yield "# TPMA rules\n"
    yield NOTE + "\n"
    yield f"Rule set {held.name} {held.version}: what each of {len(held.rules)} TPMAs selects."
    yield "The rules themselves are in `src/acutecast/extract/rules`, a file a family;"
    yield "[how to change one](../how-to/tpma-rules.md). *Differs* says where a rule departs from"
    yield "the NHP model's.\n"
    family = ""
    for rule in sorted(
        held.rules.values(), key=lambda r: (r.activity_type != "ip", r.family, r.key)
    ):
        if rule.family != family:
            family = rule.family
            yield f"## {family.replace('_', ' ').capitalize()}\n"
            yield f"Source: {rule.source}.\n"
        differs = f" *Differs:* {rule.differs}" if rule.differs else ""
        yield f"- `{rule.key}`: {rule.says}{differs}"
    yield ""
    yield "## Flags\n"
    for (on, name), flag in sorted(held.flags.items()):
        differs = f" *Differs:* {flag.differs}" if flag.differs else ""
        yield f"- `{name}` (from {on}): {flag.says}{differs}"


def commands() -> Iterator[str]:
    """Give a line at a time of the page on commands."""
    yield "# Commands\n"
    yield NOTE + "\n"
    yield "Exit codes: 0 done, 2 something wrong with what was given (all of it in one message),"
    yield "3 done in part (`extract` wrote some providers and names those it could not),"
    yield "130 stopped with Ctrl-C or SIGTERM (0 from `app`, `serve` and `worker`, which SIGTERM is"
    yield "meant for). `--json` prints JSON for machines and nothing else.\n"

    def of(name: str, command) -> Iterator[str]:
        if hasattr(command, "commands"):
            for part in command.commands.values():
                yield from of(f"{name} {part.name}", part)
            return
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        yield f"## {name} {' '.join(p.name.upper() for p in arguments)}".rstrip() + "\n"
        yield (command.help or "").strip() + "\n"
        for p in arguments:
            yield f"- `{p.name.upper()}`: {getattr(p, 'help', '') or ''}"
        for p in options:
            shown = p.default not in (None, False) and not callable(p.default)
            default = f" Default: {p.default}." if shown else ""
            yield f"- `{', '.join(p.opts)}`: {p.help or ''}{default}"
        yield ""

    yield from of("acutecast", get_command(app))


def tpmas() -> Iterator[str]:
    """Give a line at a time of the page on TPMAs."""
    yield "# Types of potentially mitigable activity\n"
    yield NOTE + "\n"
    yield "Elicited: share expected to remain in 2039/40 (P10, mean, P90), National Elicitation"
    yield "Exercise. For display; nothing is a default.\n"
    yield "| code | key | name | activity | kind | elicited |"
    yield "|---|---|---|---|---|---|"
    for row in facts.rows("tpmas"):
        elicited = " / ".join(row[f"elicited_{part}"] for part in ("p10", "mean", "p90"))
        kind = row["efficiency_type"] or "avoidance"
        cells = (row["code"], f"`{row['key']}`", row["name"], row["activity_type"], kind)
        yield "| " + " | ".join(cells) + f" | {elicited if row['elicited_mean'] else ''} |"


def python() -> Iterator[str]:
    """Give a line at a time of the page on the Python interface."""
    yield "# Python interface\n"
    yield NOTE + "\n"
    yield "`import acutecast as ac` gives the functions and errors; `ac.run` and `ac.open_run`"
    yield "give a `Run`. What else a room offers is in the `__all__` of its package.\n"
    for name in api.__all__:
        yield from _described(f"ac.{name}", getattr(api, name))
    yield from _described("Run", Run, signature=False)
    for name, member in vars(Run).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield from _described(f"Run.{name}", member.fget, signature=False, level=3)
        else:
            yield from _described(f"Run.{name}", member, level=3)
    yield from _described("Sweep", Sweep, signature=False)
    yield from _described("Sweep.summary", Sweep.summary, level=3)
    yield from _described("MemoryRun", MemoryRun, signature=False)
    yield from _described("MemoryRun.save", MemoryRun.save, level=3)
    yield from _described("ac.AcutecastError", AcutecastError, signature=False)
    yield from _described("ac.Problem", Problem, signature=False)


def _described(
    name: str, thing: Callable[..., Any] | None, signature: bool = True, level: int = 2
) -> Iterator[str]:
    """Give the heading of a name, its signature and what its docstring says."""
    yield f"{'#' * level} {name}\n"
    yield "```text"
    if thing is not None and signature:
        yield _signature(name, thing) + "\n"
    yield inspect.getdoc(thing) or ""
    yield "```\n"


def _signature(name: str, thing: Callable[..., Any]) -> str:
    """Write a signature, on one line where it fits."""
    # Annotations are text in every module, so this does not depend on the version of Python.
    shown = inspect.signature(thing)
    parts: list[str] = []
    for parameter in shown.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{parameter.name}: {parameter.annotation}{default}")
    end = f" -> {shown.return_annotation}"
    line = f"{name}({', '.join(parts)}){end}"
    if len(line) <= 100:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"


OTHERS = (
    ("ACUTECAST_MAX_UNPACKED", "Of every command: the most bytes that a zip, gz or workbook may "
     "unpack to, instead of 100 times its size and 1 GB (of records 500 times, and the room on the "
     "disk).", ""),
    ("XDG_CACHE_HOME", "Folder of compiled kernels, where that of the package may not be written.",
     "~/.cache"),
    ("NUMBA_CACHE_DIR", "Of Numba: instead of that folder. Leave it unset: Numba then looks at the "
     "file of a function alone, and may keep code of an earlier version.", ""),
    ("NUMBA_DISABLE_JIT", "Of Numba: 1 runs kernels uncompiled, to look for mistakes.", ""),
    ("FSSPEC_CONFIG_DIR", "Of fsspec: folder of settings of object stores, as JSON or INI.",
     "~/.config/fsspec"),
    ("AZURE_STORAGE_ACCOUNT_NAME", "Of adlfs, for `abfs://`: the storage account.", ""),
    ("AZURE_STORAGE_ACCOUNT_KEY", "Of adlfs: its key.", ""),
    ("AZURE_STORAGE_SAS_TOKEN", "Of adlfs: instead of the key, a shared access signature.", ""),
    ("AZURE_STORAGE_CONNECTION_STRING", "Of adlfs: instead of all three.", ""),
    ("AZURE_STORAGE_ANON", "Of adlfs: true reads public containers. Otherwise, with the account "
     "alone, azure-identity finds who asks: a managed identity, or who ran `az login`.", "false"),
    ("AZURE_CLIENT_ID", "Of azure-identity: which managed identity, if a user-assigned one; or, "
     "with both next, an application.", ""),
    ("AZURE_CLIENT_SECRET", "Of azure-identity: its secret.", ""),
    ("AZURE_TENANT_ID", "Of azure-identity: its tenant.", ""),
    ("AWS_ACCESS_KEY_ID", "Of botocore, for `s3://`: the key; with the next. Without them, the "
     "role of the machine, or the profile.", ""),
    ("AWS_SECRET_ACCESS_KEY", "Of botocore: its secret.", ""),
    ("AWS_SESSION_TOKEN", "Of botocore: of keys that are lent for a time.", ""),
    ("AWS_PROFILE", "Of botocore: a profile of `~/.aws`.", ""),
    ("AWS_DEFAULT_REGION", "Of botocore: the region.", ""),
    ("AWS_ENDPOINT_URL", "Of botocore: another store that speaks S3.", ""),
    ("PGPASSWORD", "Of PostgreSQL: the password, instead of writing it into `ACUTECAST_DATABASE`.",
     ""),
    ("PGSSLMODE", "Of PostgreSQL: `verify-full` asks for a server whose certificate is good.",
     "prefer"),
)  # fmt: skip
"""Variables that are not Acutecast's own: variable, meaning, default."""


def settings() -> Iterator[str]:
    """Give a line at a time of the page on the settings of an installation."""
    about = dict(
        re.findall(r"^    (\w+): (.+?)(?=^    \w+: |\Z)", _attributes(Settings), re.M | re.S)
    )
    yield "# Settings of an installation\n"
    yield NOTE + "\n"
    yield "Environment variables of `acutecast app`, `acutecast serve` and `acutecast worker`: in a"
    yield "[container](../how-to/deploy-container.md), on [Azure](../how-to/deploy-azure.md), on"
    yield "[Posit Connect](../how-to/deploy-connect.md), or in a shell. Options of a command go"
    yield "before them. Give all parts of an installation the same ones.\n"
    yield "After Acutecast's own come those of the libraries it uses: caches, and credentials,"
    yield "which it never reads itself.\n"
    yield "| variable | meaning | default |"
    yield "|---|---|---|"
    defaults = {f.name: f.default for f in dataclasses.fields(Settings)}
    for variable, name in VARIABLES:
        default = defaults[name]
        if name == "home":
            default = "acutecast-workspace"
        shown = "" if default in (None, (), dataclasses.MISSING) else f"`{default}`"
        meaning = " ".join(about[name].split())
        yield f"| `{variable}` | {meaning[:1].upper()}{meaning[1:]} | {shown} |"
    for variable, meaning, default in OTHERS:
        yield f"| `{variable}` | {meaning} | {f'`{default}`' if default else ''} |"


def _attributes(thing: type) -> str:
    """Give the part of a docstring that describes attributes."""
    return inspect.cleandoc(thing.__doc__ or "").partition("Attributes:\n")[2]


PAGES = {
    "settings": settings,
    "provider-tables": provider_tables,
    "records": records,
    "tpma-rules": rules,
    "commands": commands,
    "tpmas": tpmas,
    "python": python,
}


def page(name: str) -> str:
    """Give the text of a page."""
    return "\n".join(PAGES[name]()).rstrip() + "\n"


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (FOLDER / f"{name}.md").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
