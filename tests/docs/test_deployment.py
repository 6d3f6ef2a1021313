"""What installations are made of says what there is: image, compose file, Azure, settings."""

import json
import re
import runpy
import shlex
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from docs_pages import PAGES, ROOT, links, name_of
from typer.main import get_command

from acutecast.cli.main import app
from acutecast.workspace.settings import VARIABLES

OWN = {variable for variable, _ in VARIABLES}
OTHERS = {row[0] for row in runpy.run_path(str(ROOT / "scripts" / "make_reference.py"))["OTHERS"]}
FILES = sorted(ROOT.glob("deploy/**/*.yaml"))
AZURE = sorted(ROOT.glob("deploy/azure/*.yaml"))
GUIDES = sorted(ROOT.glob("docs/how-to/deploy-*.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def text(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def instructions() -> list[tuple[str, str]]:
    """Give the instructions of the Containerfile: verb and the rest."""
    lines = re.sub(r"^\s*#.*\n", "", text("Containerfile"), flags=re.MULTILINE)
    joined = lines.replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def of(verb: str) -> list[str]:
    return [rest for found, rest in instructions() if found == verb]


def check_command(words: list[str]) -> None:
    """Check a command of the image: it exists, with these options."""
    assert words[0] in ("acutecast", "dask", "python"), words
    if words[0] != "acutecast":
        return
    command = get_command(app)
    rest = words[1:]
    while hasattr(command, "commands"):
        assert rest[0] in command.commands, words
        command = command.commands[rest.pop(0)]
    options = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
    assert {word for word in rest if word.startswith("--")} <= options, words


def environments(node: object):
    """Give the names of variables that a parsed file sets anywhere."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("environment", "env"):
                yield from value if isinstance(value, dict) else (row["name"] for row in value)
            else:
                yield from environments(value)
    elif isinstance(node, list):
        for part in node:
            yield from environments(part)


def commands_in(node: object):
    """Give the commands that a parsed file starts containers with."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "command":
                yield value
            else:
                yield from commands_in(value)
    elif isinstance(node, list):
        for part in node:
            yield from commands_in(part)


def parsed(file: Path) -> dict:
    # ${…} is put in by envsubst, or by compose.
    return yaml.safe_load(re.sub(r"\$\{(\w+)(:\?)?\}", r"\1", file.read_text()))


def test_the_image_holds_what_the_lock_file_says():
    installing = next(run for run in of("RUN") if "uv export" in run)
    assert {"--frozen", "--no-dev", "--all-extras"} <= set(installing.split())
    assert "--require-hashes" in installing
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert {image.split()[0] for image in of("FROM")} == {
        "docker.io/library/python:3.12-slim-bookworm"
    }


def test_the_label_of_the_image_is_the_version():
    labels = dict(pair.split("=", 1) for rest in of("LABEL") for pair in shlex.split(rest))
    assert labels["org.opencontainers.image.version"] == PROJECT["project"]["version"]
    assert labels["org.opencontainers.image.licenses"] == PROJECT["project"]["license"]


def test_what_the_image_starts_exists_and_its_health_is_asked_where_it_listens():
    (command,) = map(json.loads, of("CMD"))
    check_command(command)
    port = command[command.index("--port") + 1]
    assert of("EXPOSE") == [port]
    (health,) = of("HEALTHCHECK")
    asked = json.loads(health[health.index("CMD") + len("CMD") :])
    assert f"127.0.0.1:{port}/health" in asked[-1]
    compile(asked[-1], "healthcheck", "exec")
    for line in re.findall(r"^#   (acutecast \S+(?: --\S+ [\w.]+)*)", text("Containerfile"), re.M):
        check_command(line.split())


def test_the_image_runs_without_rights_and_sets_known_variables():
    (user,) = of("USER")
    # A number, so that a platform can see that it is not root.
    assert user.isdigit()
    assert int(user) > 0
    verbs = [verb for verb, _ in instructions()]
    assert verbs.index("USER") > max(i for i, verb in enumerate(verbs) if verb == "RUN")
    names = {pair.split("=")[0] for rest in of("ENV") for pair in shlex.split(rest)}
    assert names <= OWN | OTHERS | {"PATH", "HOME", "PYTHONUNBUFFERED"}
    # Numba's own cache would keep the code of an earlier image that lies on the volume.
    assert "NUMBA_CACHE_DIR" not in names


def test_nothing_is_sent_to_a_build_but_what_it_copies():
    rules = [line for line in text(".dockerignore").splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    named = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        word for rest in of("COPY") if not rest.startswith("--from") for word in rest.split()[:-1]
    }
    assert named == copied
    assert all((ROOT / name).exists() for name in named)
    # It would be read instead.
    assert not (ROOT / ".containerignore").exists()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_deployments_name_what_exists(file):
    content = parsed(file)
    for command in commands_in(content):
        check_command(command)
    known = OWN | OTHERS | {"POSTGRES_USER", "POSTGRES_PASSWORD"}
    assert set(environments(content)) <= known
    pages = "".join(page.read_text() for page in GUIDES)
    assert name_of(file) in pages or f"`{file.name}`" in pages


def test_who_is_told_by_headers_is_behind_a_sign_in():
    """A part that others reach directly must not believe a header."""
    compose = parsed(ROOT / "deploy/compose.yaml")["services"]
    assert compose["app"]["environment"]["ACUTECAST_IDENTITY"] == "proxy"
    assert compose["app"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "ACUTECAST_IDENTITY" not in compose["service"]["environment"]
    assert "ACUTECAST_TOKENS" in compose["service"]["environment"]
    for file in AZURE:
        names = set(environments(parsed(file)))
        assert ("ACUTECAST_IDENTITY" in names) == (file.stem == "app")


@pytest.mark.parametrize("file", AZURE, ids=lambda file: file.stem)
def test_the_names_that_files_for_azure_need_are_on_the_page(file):
    needed = set(re.findall(r"\$\{(\w+)\}", file.read_text()))
    page = text("docs/how-to/deploy-azure.md")
    assert needed
    for name in needed:
        assert re.search(rf"\b{name}=", page), name


def test_the_queue_is_counted_by_what_the_tables_have():
    from acutecast.workspace.claims import QUEUED, RUNNING
    from acutecast.workspace.tables import JOB

    rules = parsed(ROOT / "deploy/azure/workers.yaml")["properties"]["configuration"]
    query = rules["eventTriggerConfig"]["scale"]["rules"][0]["metadata"]["query"]
    found = re.fullmatch(
        r"SELECT count\(\*\) FROM (\w+) WHERE (\w+) IN \('(\w+)', '(\w+)'\) AND (\w+) IS NULL",
        query,
    )
    assert found
    table, state, *states, deleted = found.groups()
    assert table == JOB.name
    assert {state, deleted} <= set(JOB.columns.keys())
    assert states == [QUEUED, RUNNING]


def test_every_variable_that_is_read_is_in_the_one_table():
    table = set(re.findall(r"^\| `(\w+)` \|", text("docs/reference/settings.md"), re.MULTILINE))
    assert table == OWN | OTHERS
    sources = [*ROOT.glob("src/**/*.py"), *FILES, ROOT / "Containerfile"]
    pages = [page for page in PAGES if page.parent.parent == ROOT / "docs"]
    for file in (*sources, *pages):
        content = file.read_text(encoding="utf-8")
        named = set(re.findall(r"\bACUTECAST_[A-Z_]+\b", content))
        if file.suffix == ".md":
            named |= set(re.findall(r"\b(?:AZURE|AWS|PG|NUMBA)_?[A-Z_]{3,}\b", content))
        if file.suffix == ".py":
            named |= set(re.findall(r"environ(?:\.get\(|\[|\.setdefault\()\s*\"(\w+)\"", content))
        assert named <= table, (name_of(file), named - table)


def test_pages_that_name_a_variable_lead_to_the_table():
    target = (ROOT / "docs/reference/settings.md").resolve()
    for page in ROOT.glob("docs/how-to/*.md"):
        if re.search(r"\bACUTECAST_[A-Z]+", page.read_text()):
            led = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
            assert target in led, name_of(page)


def test_credentials_have_the_names_that_the_libraries_read():
    def source(package: str, *files: str) -> str:
        folder = Path(pytest.importorskip(package).__file__).parent
        return "".join((folder / file).read_text() for file in files)

    read = {
        "AZURE_STORAGE_": source("adlfs", "spec.py"),
        "AZURE_CLIENT_": source("azure.identity", "_constants.py"),
        "AZURE_TENANT_": source("azure.identity", "_constants.py"),
        "AWS_": source("botocore", "configprovider.py", "credentials.py", "session.py"),
        "FSSPEC_": source("fsspec", "config.py"),
        "NUMBA_": source("numba", "core/config.py"),
    }
    for name in OTHERS:
        for start, content in read.items():
            if name.startswith(start):
                assert re.search(rf"\b{name}\b", content), name


def test_every_way_to_deploy_can_be_found():
    for page in GUIDES:
        assert page.name in text("README.md"), page.name
        assert page.name in text("docs/reference/settings.md"), page.name
