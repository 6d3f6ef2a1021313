"""Data and results on object stores: the same bytes as on a disk, and whole or not there."""

import dataclasses
import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import fsspec
import pytest
from made_projection import PROVIDER, SCENARIO, make_projection
from small_service import make

import acutecast as ac
from acutecast import stores
from acutecast.api.national import open_national, run_national
from acutecast.capacity import options as capacity_options
from acutecast.cli import main
from acutecast.errors import AcutecastError
from acutecast.files import folder_problems, joined, write_text
from acutecast.provider import list_providers, read_provider, write_provider
from acutecast.results import save_run
from acutecast.workspace import Settings, open_workspace, read_settings
from small_provider import small_provider

CODES = ("R00", "R01", "R02")
FALLS = {
    "name": "Falls",
    "runs": 8,
    "horizon_year": 2033,
    "activity_avoidance": {"ip": {"falls_related_admissions": [0.6, 0.95]}},
}
NATIONAL = {
    "scenario": FALLS,
    "systems": {"R00": "A", "R01": "A"},
    "flows": [{"from": "R01", "to": "NEW", "activity": "op", "share": 0.3}],
}
WANTED = {"dataset": "R00", "years": "horizon", "capacity": capacity_options()}
DEADLINE = 120.0


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Tables of three trusts, the last two of one kind."""
    root = tmp_path_factory.mktemp("data")
    made = [ac.demo_provider(seed=seed, size=0.01) for seed in (1, 2)]
    for number, code in enumerate(CODES):
        write_provider(dataclasses.replace(made[number > 0], dataset=code), root)
    return root


@pytest.fixture(scope="module")
def here(data, tmp_path_factory) -> Path:
    """A run on a disk, with capacity."""
    out = tmp_path_factory.mktemp("here") / "run"
    ac.run(FALLS, data, out, **WANTED)
    return out


def digests(root: str | Path) -> dict[str, str]:
    """Say what is stored, unfinished files too; not when it was made and how fast."""
    system, base = stores.file_system(root)
    system.invalidate_cache()
    return {
        name.removeprefix(base).strip("/"): hashlib.sha256(system.cat_file(name)).hexdigest()
        for name in sorted(system.find(base))
        if not name.endswith("/timings.json")
    }


def save(url: str | Path, seed: int, **options: int) -> None:
    """Store a made-up run of few tables."""
    made = make_projection(seed=seed, **options)
    cubes = {name: made.cubes[name] for name in ("ip_full", "op_people")}
    save_run(dataclasses.replace(made, cubes=cubes), SCENARIO, PROVIDER, url)


def started(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "acutecast", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def uploading(url: str) -> bool:
    return any(name.startswith(stores.UNFINISHED) for name in stores.sizes(url, unfinished=True))


def until(true, what: str) -> None:
    """Wait for something that another process does."""
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen"
        pause.wait(0.05)


@pytest.fixture
def failing(monkeypatch):
    """Lets a call of a store's package fail after so many; gives what makes it work again."""

    def fail(url: str, error: BaseException, **after: int):
        system, _ = stores.file_system(url)
        for name, most in after.items():
            monkeypatch.setattr(system, name, _failing(getattr(system, name), most, error))
        return monkeypatch.undo

    return fail


def _failing(before, most: int, error: BaseException):
    calls, lock = [], threading.Lock()

    def call(*arguments, **options):
        with lock:
            calls.append(arguments)
            if len(calls) > most:
                raise error
        return before(*arguments, **options)

    return call


def test_tables_there_are_those_of_a_disk(bucket, tmp_path):
    provider, url = small_provider(200), f"{bucket}/deep/data"
    write_provider(provider, tmp_path)
    write_provider(provider, url)
    assert digests(url) == digests(tmp_path)
    assert list_providers(url) == [(provider.dataset, provider.year)]
    there, here = read_provider(url), read_provider(tmp_path)
    assert there.hashes == here.hashes
    assert all(there.tables[name].equals(table) for name, table in here.tables.items())
    # What another writer left in several files is replaced by one.
    system, root = stores.file_system(url)
    leaf = f"{root}/op/fyear=2023/dataset=RXX"
    system.cp_file(f"{leaf}/part-0.parquet", f"{leaf}/part-00001.snappy.parquet")
    write_provider(provider, url)
    assert digests(url) == digests(tmp_path)


def test_a_run_there_is_that_of_a_disk(bucket, data, here):
    write_provider(read_provider(data, "R00"), f"{bucket}/data")
    there = ac.run(FALLS, f"{bucket}/data", f"{bucket}/runs/falls", **WANTED)
    assert digests(there.path) == digests(here)
    local = ac.open_run(here)
    assert ac.open_run(f"{bucket}/runs/falls/").summary().equals(local.summary())
    assert there.draws().equals(local.draws())
    needs = ac.open_capacity(there.path).needs()
    assert needs.equals(ac.open_capacity(here).needs())
    # Capacity is replaced by itself.
    ac.capacity_of(there, risk=0.05)
    assert ac.open_capacity(f"{bucket}/runs/falls").risk == 0.05
    ac.capacity_of(there)
    assert digests(there.path) == digests(here)


def test_nothing_of_others_is_touched(bucket, data):
    url = f"{bucket}/runs"
    save(f"{url}/mine", 1)
    save(f"{url}/mine-2", 2)
    before = digests(bucket)
    for out, said in ((f"{url}/mine", "holds a run already"), (url, "other files")):
        with pytest.raises(AcutecastError, match=said):
            ac.run(FALLS, data, out, dataset="R00")
    for out in (f"{url}/mine", bucket):
        with pytest.raises(AcutecastError, match="other files"):
            run_national(NATIONAL, data, out, replace=True)
    assert digests(bucket) == before
    # Names that begin alike are not of one folder.
    save(f"{url}/mine", 2)
    assert digests(f"{url}/mine") == digests(f"{url}/mine-2")


@pytest.mark.parametrize("error", [OSError("it broke"), KeyboardInterrupt()], ids=["fault", "stop"])
def test_an_upload_that_fails_changes_nothing(bucket, failing, error):
    save(f"{bucket}/run", 1)
    before = digests(bucket)
    for out in (f"{bucket}/run", f"{bucket}/new"):
        again = failing(bucket, error, put_file=3)
        with pytest.raises((AcutecastError, KeyboardInterrupt)) as caught:
            save(out, 2)
        again()
        assert isinstance(caught.value, KeyboardInterrupt) or "it broke" in str(caught.value)
    assert digests(bucket) == before
    assert ac.open_run(f"{bucket}/run").cube("ip_full").values.any()
    with pytest.raises(AcutecastError, match="no such folder"):
        ac.open_run(f"{bucket}/new")


def test_a_swap_that_fails_leaves_no_run_and_the_next_is_whole(bucket, failing, tmp_path):
    url = f"{bucket}/run"
    save(url, 1, cells=40)
    files = len(digests(url)) + 1
    write_text(f"{url}/capacity/capacity.json", "{}")
    again = failing(bucket, OSError("it broke"), cp_file=4, put_file=files)
    with pytest.raises(AcutecastError, match=r"it broke.*nothing is there now"):
        save(url, 2)
    again()
    with pytest.raises(AcutecastError, match="holds no run"):
        ac.open_run(url)
    # It is known as ours, so that the same command may be given again.
    assert folder_problems(url, "run.json", "", replace=False) == []
    save(url, 2)
    save(tmp_path / "run", 2)
    assert digests(url) == digests(tmp_path / "run")


def test_what_a_killed_publish_left_is_ignored_and_then_removed(bucket):
    save(f"{bucket}/run", 1)
    before = digests(bucket)
    write_text(f"{bucket}/run/{stores.UNFINISHED}abc/run.json", "half")
    write_text(f"{bucket}/run/{stores.UNFINISHED}abc/cube/ip_full.parquet", "half")
    assert ac.open_run(f"{bucket}/run").cube("ip_full").values.any()
    save(f"{bucket}/run", 1)
    assert digests(bucket) == before


def test_credentials_that_may_not_copy_will_do(bucket, failing):
    save(f"{bucket}/one", 1)
    failing(bucket, PermissionError("no"), cp_file=0)
    save(f"{bucket}/two", 1)
    assert digests(f"{bucket}/one") == digests(f"{bucket}/two")


def test_a_killed_command_leaves_the_old_run_or_none(s3, data, here, tmp_path):
    """Killed with SIGKILL while it uploads what is to replace another run."""
    bucket, scenario = s3(), tmp_path / "falls.json"
    url = f"{bucket}/run"
    scenario.write_text(json.dumps(FALLS))
    save(url, 1)
    before = digests(url)
    command = ["run", scenario, "--data", data, "--dataset", "R00", "--out", url, "--replace"]
    process = started(*command, "--years", "horizon", "--capacity")
    until(lambda: uploading(url) or process.poll() is not None, "an upload")
    process.kill()
    process.communicate()
    finished = {n: d for n, d in digests(url).items() if not n.startswith(stores.UNFINISHED)}
    if "run.json" in finished:
        assert ac.open_run(url).name == "Falls" or finished == before
    else:
        with pytest.raises(AcutecastError, match="holds no run"):
            ac.open_run(url)
    ac.run(FALLS, data, url, replace=True, **WANTED)
    assert digests(url) == digests(here)


@pytest.mark.long
def test_a_national_run_goes_on_there_where_it_was_killed(azure, data, tmp_path):
    here = run_national(NATIONAL, data, tmp_path / "out")
    url, scenario = f"{azure()}/results/nation", tmp_path / "national.json"
    scenario.write_text(json.dumps(NATIONAL))
    process = started("run", scenario, "--data", data, "--out", url, "--providers", "all")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Providers: 1"):
            break
    process.kill()
    process.communicate()
    with pytest.raises(AcutecastError, match="not finished"):
        open_national(url)
    finished = joined(url, "providers", "R00")
    made = ac.open_run(finished).timings
    assert run_national(NATIONAL, data, url).path == url
    assert ac.open_run(finished).timings == made
    assert digests(url) == digests(here.path)
    there = open_national(url)
    assert there.nation().summary().equals(here.nation().summary())
    assert there.provider("NEW").info == here.provider("NEW").info

    other = {"scenario": FALLS | {"name": "Other"}}
    with pytest.raises(AcutecastError, match="another national run"):
        run_national(other, data, url, providers=["R02"])
    run_national(other, data, url, providers=["R02"], replace=True)
    assert open_national(url).providers == ("R02",)
    left = {name.split("/")[1] for name in stores.sizes(url) if name.startswith("providers/")}
    assert left == {"R02"}


def test_commands_on_a_run_there(s3, data, tmp_path, capsys):
    bucket = s3()
    url = f"{bucket}/run"
    ac.run(FALLS, data, url, dataset="R00", years="horizon")
    ac.capacity_of(url, data)

    def command(*words: object, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, words)))
        printed = capsys.readouterr()
        assert ended.value.code == code, printed.err
        return printed.out + printed.err

    assert "Enough" in command("summary", url)
    command("report", url, "--out", tmp_path / "report.xlsx")
    assert (tmp_path / "report.xlsx").read_bytes().startswith(b"PK")
    assert "local" in command("report", url, "--out", f"{bucket}/report.html", code=2)
    assert "local" in command("synth", f"{bucket}/records", code=2)


def test_runs_of_a_workspace_are_there(azure, data, tmp_path):
    bucket, root = azure(), tmp_path / "data"
    write_provider(dataclasses.replace(read_provider(data, "R00"), dataset="DEMO"), root)
    service = make(tmp_path, root, results=f"{bucket}/runs/")
    anna = service.by("anna")
    run = service.finished()
    assert not (tmp_path / "home" / "runs").exists()
    stored = ac.open_run(f"{bucket}/runs/{run}")
    assert stored.name == "Closer to home"
    assert anna.get(f"/v1/runs/{run}/summary").status == 200
    name = "cube/ip_full.parquet"
    fetched = anna.get(f"/v1/runs/{run}/files/{name}")
    system, base = stores.file_system(f"{bucket}/runs/{run}")
    assert fetched.body == system.cat_file(f"{base}/{name}")
    # As another machine with the same database and store sees it.
    elsewhere = open_workspace(dataclasses.replace(service.ws.settings, home=tmp_path / "other"))
    elsewhere.close()
    assert anna.ask("DELETE", f"/v1/runs/{run}").status == 204
    assert digests(bucket) == {}
    service.ws.close()


def test_where_results_are_is_a_setting(tmp_path):
    read = {name: read_settings({"ACUTECAST_RESULTS": name}) for name in ("abfs://a/b/", "here")}
    assert read["abfs://a/b/"].folder_of("job") == "abfs://a/b/job"
    assert read["here"].folder_of("job") == Path("here/job").absolute()
    assert Settings(tmp_path).folder_of("job") == tmp_path / "runs" / "job"


def test_what_is_wrong_is_said_before_any_work(bucket, data, tmp_path):
    protocol = bucket.split("://")[0]
    nowhere = f"{protocol}://no-such-bucket/run"
    for work in (
        lambda: ac.run(FALLS, data, nowhere, dataset="R00"),
        lambda: run_national(NATIONAL, data, nowhere),
        lambda: open_workspace(Settings(tmp_path / "home", results=nowhere)),
    ):
        with pytest.raises(AcutecastError, match=r"no such bucket or container\. Make"):
            work()
    with pytest.raises(AcutecastError, match="Make the bucket"):
        write_provider(small_provider(20), nowhere)
    with pytest.raises(AcutecastError, match="no provider tables"):
        read_provider(nowhere)
    with pytest.raises(AcutecastError, match="no such folder"):
        ac.open_run(nowhere)


def test_credentials_that_are_wrong_are_a_problem_of_the_url(azure, monkeypatch, data, tmp_path):
    bucket = azure()
    write_provider(small_provider(20), f"{bucket}/data")
    given = stores.os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    wrong = given.replace("AccountKey=Eby8", "AccountKey=AAAA")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", wrong)
    with fresh("abfs"):
        for work in (
            lambda: ac.run(FALLS, data, f"{bucket}/run", dataset="R00"),
            lambda: ac.open_run(f"{bucket}/run"),
            lambda: read_provider(f"{bucket}/data"),
            lambda: ac.load_scenario(f"{bucket}/scenario.json"),
        ):
            with pytest.raises(AcutecastError) as caught:
                work()
            assert "authenticate" in str(caught.value)
            assert "\n" not in caught.value.problems[0].what
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    with fresh("abfs"), pytest.raises(AcutecastError, match="credentials in the environment"):
        ac.open_run(f"{bucket}/run")


def test_credentials_that_are_missing_are_a_problem_of_the_url(s3, monkeypatch):
    bucket = s3()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with fresh("s3"), pytest.raises(AcutecastError, match="credentials in the environment"):
        ac.open_run(f"{bucket}/run")


class fresh:
    """File systems made now, which read the environment now."""

    def __init__(self, protocol: str) -> None:
        self.kind = fsspec.get_filesystem_class(protocol)

    def __enter__(self) -> None:
        self.kind.clear_instance_cache()

    def __exit__(self, *_: object) -> None:
        self.kind.clear_instance_cache()
