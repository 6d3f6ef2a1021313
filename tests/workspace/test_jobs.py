"""Runs are queued, done once, and neither lost nor half done, however workers end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

import acutecast as ac
from acutecast.capacity import options as capacity_options
from acutecast.compute import Event
from acutecast.errors import AcutecastError, Cancelled
from acutecast.provider import write_provider
from acutecast.workspace import claims, worker
from acutecast.workspace.access import Forbidden, Person
from acutecast.workspace.claims import MOST_ATTEMPTS, STALE
from acutecast.workspace.jobs import (
    cancel,
    delete_job,
    list_jobs,
    may_stop,
    open_result,
    read_job,
    seconds_left,
    submit,
    submit_new,
)
from acutecast.workspace.notes import told, without_paths
from acutecast.workspace.processes import environment_of, start_workers
from acutecast.workspace.queue_limit import QueueFull
from acutecast.workspace.scenarios import (
    create_scenario,
    delete_scenario,
    list_scenarios,
    read_scenario,
    rename_scenario,
    restore_scenario,
)
from acutecast.workspace.settings import Settings
from acutecast.workspace.tables import JOB
from acutecast.workspace.worker import UNTIL_STDIN_CLOSES, requeue_stale, work_forever, work_once
from acutecast.workspace.workspace import now, open_workspace

RUNS = 8
LONG = 3000
"""More runs than are done before somebody stops them."""
DEADLINE = 300.0
CONTENT = {
    "name": "Closer to home",
    "horizon_year": 2033,
    "runs": RUNS,
    "activity_avoidance": {"ip": {"falls_related_admissions": [0.75, 0.92]}},
}
ANNA = Person("anna", "Anna", "analyst", ("RXX", "DEMO"))
BEN = Person("ben", "Ben", "analyst", ("RXX", "DEMO"))
REA = Person("rea", "Rea", "reader", ("RXX", "DEMO"))
FAR = Person("far", "Far", "analyst", ("RYY",))
ADMIN = Person("ada", "Ada", "admin", ("*",))


@pytest.fixture(scope="module")
def region():
    return ac.demo_provider(size=0.02)


@pytest.fixture(scope="module")
def data(region, tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    write_provider(region, root)
    return root


@pytest.fixture
def database(request):
    wanted = getattr(request, "param", "sqlite")
    return request.getfixturevalue("postgres_database") if wanted == "postgresql" else None


on_any_database = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def ws(data, tmp_path, database):
    settings = Settings(tmp_path / "home", database, data=(str(data),), threads=1)
    opened = open_workspace(settings)
    yield opened
    opened.close()


@pytest.fixture
def scenario(ws, region):
    return create_scenario(ws, ANNA, CONTENT, region.dataset, CONTENT["name"], shared=True)


def until(true, what):
    """Wait for something that another thread or process does."""
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        pause.wait(0.05)
    return found


def row(ws, job):
    with ws.reading() as connection:
        return connection.execute(select(JOB).where(JOB.c.id == job.id)).one()


def under_way(ws, job):
    return until(lambda: row(ws, job).stage == "simulating" and row(ws, job), "simulating")


def files(folder):
    """The bytes of a run, without when and how fast it was made."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timings.json"
    }


def left_over(ws):
    return [path.name for path in ws.settings.runs.glob("*")] if ws.settings.runs.exists() else []


def worker_process(ws, *arguments):
    command = [sys.executable, "-m", "acutecast.workspace.worker", *arguments]
    return subprocess.Popen(command, env=environment_of(ws.settings), stdin=subprocess.DEVNULL)


def test_a_run_goes_through_the_queue(ws, scenario, data, tmp_path):
    job = submit(ws, ANNA, scenario.id, capacity=True)
    assert (job.state, job.position, job.who, job.revision) == ("queued", 1, "anna", 1)
    assert job.options["runs"] == RUNS
    with pytest.raises(AcutecastError, match="is queued, so it has no results"):
        open_result(ws, ANNA, job.id)

    assert work_once(ws, "worker")
    assert not work_once(ws, "worker")

    job = read_job(ws, ANNA, job.id)
    assert (job.state, job.position, job.seconds_left) == ("done", None, None)
    assert job.started_at
    assert job.ended_at
    assert job.asked_at <= job.started_at <= job.ended_at
    alone = ac.run(
        CONTENT, data, tmp_path / "alone", empty_tpmas="warn", capacity=capacity_options()
    )
    assert files(job.folder) == files(tmp_path / "alone")
    assert open_result(ws, BEN, job.id).summary().equals(alone.summary())


def test_notes_on_the_result_are_kept(ws, region):
    stated = {"activity_avoidance": {"ip": {"own_of_nobody": [0.75, 0.92]}}}
    scenario = create_scenario(ws, ANNA, CONTENT | stated, region.dataset, "Notes")
    job = submit(ws, ANNA, scenario.id)
    assert work_once(ws, "worker")
    job = read_job(ws, ANNA, job.id)
    assert job.state == "done"
    assert "no row of the data has this TPMA" in job.message
    assert "own_of_nobody" in job.message


def test_a_run_is_of_the_scenario_as_it_was(ws, scenario):
    job = submit(ws, ANNA, scenario.id)
    rename_scenario(ws, ANNA, scenario.id, "Another name")
    assert read_scenario(ws, ANNA, scenario.id).revision > job.revision
    assert work_once(ws, "worker")
    assert open_result(ws, ANNA, job.id).name == CONTENT["name"]


def test_asking_twice_gives_one_run(ws, scenario):
    first = submit(ws, ANNA, scenario.id, years=[2028, 2030])
    assert submit(ws, BEN, scenario.id, years=[2030, 2028, 2033]).id == first.id
    assert submit(ws, ANNA, scenario.id, years=[2028, 2030], runs=RUNS).id == first.id
    assert submit(ws, ANNA, scenario.id, years="horizon").id != first.id
    cancel(ws, ANNA, first.id)
    assert submit(ws, ANNA, scenario.id, years=[2028, 2030]).id != first.id


@on_any_database
def test_many_who_ask_at_once_get_one_run(ws, scenario):
    found = []
    together = threading.Barrier(8)

    def ask():
        together.wait()
        found.append(submit(ws, ANNA, scenario.id).id)

    in_threads(ask for _ in range(8))
    assert len(found) == 8
    assert len(set(found)) == 1


def test_everything_wrong_is_said_before_a_run_waits(ws, scenario, region):
    with pytest.raises(AcutecastError) as caught:
        submit(ws, ANNA, scenario.id, runs=4097, years=[2023, 2030], suppress=1)
    assert [problem.where for problem in caught.value.problems] == ["runs", "suppress", "years"]
    with pytest.raises(AcutecastError, match="neither all, nor the horizon, nor a list"):
        submit(ws, ANNA, scenario.id, years="2030")
    lacking = CONTENT | {"population": {"variants": {"high_fertility": 0.5, "own_a": 0.5},
                                        "own": {"own_a": {"base": "low_fertility"}}}}  # fmt: skip
    lacks = create_scenario(ws, ANNA, lacking, region.dataset, "Lacks")
    with pytest.raises(AcutecastError) as caught:
        submit(ws, ANNA, lacks.id)
    assert [problem.where for problem in caught.value.problems] == [
        "population.variants.high_fertility", "population.own.own_a.base",
    ]  # fmt: skip
    late = create_scenario(ws, ANNA, CONTENT | {"horizon_year": 2140}, region.dataset, "Late")
    with pytest.raises(AcutecastError, match="is 2140, and the population of the data ends"):
        submit(ws, ANNA, late.id)
    assert list_jobs(ws, ANNA) == []


def test_small_numbers_are_hidden_as_the_installation_says(data, tmp_path, region):
    ws = open_workspace(Settings(home=tmp_path / "home", data=(str(data),), suppress=8))
    scenario = create_scenario(ws, ANNA, CONTENT, region.dataset, "Hidden")
    assert submit(ws, ANNA, scenario.id).options["suppress"] == 8
    assert submit(ws, ANNA, scenario.id, suppress=5).options["suppress"] == 8
    assert submit(ws, ANNA, scenario.id, suppress=10).options["suppress"] == 10
    ws.close()


def test_a_scenario_and_its_run_are_stored_together_or_not_at_all(ws, region):
    few = replace(ws, settings=replace(ws.settings, max_queued=1))
    job = submit_new(few, ANNA, CONTENT, region.dataset, "Sent", runs=2)
    assert (job.state, job.revision, job.scenario_name) == ("queued", 1, "Sent")
    row = read_scenario(ws, ANNA, job.scenario_id)
    assert (row.owner, row.shared, row.content["runs"]) == ("anna", False, RUNS)
    with pytest.raises(QueueFull):
        submit_new(few, ANNA, CONTENT, region.dataset, "Too many")
    with pytest.raises(AcutecastError, match="runs"):
        submit_new(ws, ANNA, CONTENT, region.dataset, "Too large", runs=5000)
    for person, code in ((REA, region.dataset), (FAR, region.dataset), (ANNA, "RYY")):
        with pytest.raises(Forbidden):
            submit_new(ws, person, CONTENT, code)
    assert [found.name for found in list_scenarios(ws, ADMIN)] == ["Sent"]
    assert list_scenarios(ws, ADMIN, deleted=True) == []
    assert work_once(ws, "worker", execute=lambda *_: "")
    assert read_job(ws, ANNA, job.id).state == "done"


@on_any_database
def test_as_many_wait_as_may_however_many_ask_at_once(ws, region):
    few = replace(ws, settings=replace(ws.settings, max_queued=2))
    scenarios = [create_scenario(ws, ANNA, CONTENT, region.dataset) for _ in range(8)]
    together, refused = threading.Barrier(8), []

    def ask(scenario):
        together.wait()
        try:
            submit(few, ANNA, scenario.id)
        except QueueFull as error:
            refused.append(error)

    in_threads(lambda scenario=scenario: ask(scenario) for scenario in scenarios)
    assert len(list_jobs(ws, ANNA)) == 2
    assert len(refused) == 6


@on_any_database
def test_what_is_no_id_names_no_run(ws):
    for text in ("", "\0", "\ud800", "x' OR '1'='1", "../x"):
        with pytest.raises(Forbidden):
            read_job(ws, ADMIN, text)
        assert list_jobs(ws, ADMIN, text) == []


def test_only_who_may_see_the_scenario_sees_its_runs(ws, scenario, region):
    job = submit(ws, ANNA, scenario.id)
    private = create_scenario(ws, ANNA, CONTENT, region.dataset, "Private")
    hidden = submit(ws, ANNA, private.id)
    assert {j.id for j in list_jobs(ws, ANNA)} == {job.id, hidden.id}
    assert [j.id for j in list_jobs(ws, ANNA, private.id)] == [hidden.id]
    assert [j.id for j in list_jobs(ws, BEN)] == [job.id]
    assert list_jobs(ws, BEN, private.id) == []
    assert list_jobs(ws, FAR) == []
    with pytest.raises(Forbidden) as missing:
        read_job(ws, ANNA, "no such run")
    for person, unseen in ((BEN, hidden), (FAR, job), (FAR, hidden)):
        for ask in (read_job, cancel, delete_job, open_result):
            with pytest.raises(Forbidden) as forbidden:
                ask(ws, person, unseen.id)
            assert str(forbidden.value) == str(missing.value)
    with pytest.raises(Forbidden):
        submit(ws, BEN, private.id)


def test_readers_start_and_stop_nothing(ws, scenario):
    with pytest.raises(Forbidden):
        submit(ws, REA, scenario.id)
    job = submit(ws, ANNA, scenario.id)
    for change in (cancel, delete_job):
        with pytest.raises(Forbidden, match="only who asked for this run"):
            change(ws, REA, job.id)
    assert read_job(ws, REA, job.id).state == "queued"


def test_runs_of_a_deleted_scenario_go_and_come_back_with_it(ws, scenario):
    job = submit(ws, BEN, scenario.id)
    delete_scenario(ws, ANNA, scenario.id)
    assert list_jobs(ws, BEN) == list_jobs(ws, ANNA) == []
    assert read_job(ws, ANNA, job.id) == job
    with pytest.raises(Forbidden):
        read_job(ws, BEN, job.id)
    with pytest.raises(AcutecastError, match="the scenario is deleted"):
        submit(ws, ANNA, scenario.id)
    restore_scenario(ws, ANNA, scenario.id)
    assert list_jobs(ws, BEN) == [job]


def test_who_may_stop_a_run(ws, scenario):
    job = submit(ws, BEN, scenario.id)
    carl = Person("carl", "Carl", "analyst", ("*",))
    allowed = {p.name: may_stop(p, job) for p in (ANNA, BEN, carl, REA, FAR, ADMIN)}
    assert allowed == {
        "anna": True, "ben": True, "carl": False, "rea": False, "far": False, "ada": True
    }  # fmt: skip


@on_any_database
def test_a_waiting_run_is_cancelled_at_once(ws, scenario):
    first, second = (submit(ws, ANNA, scenario.id, runs=runs) for runs in (2, 3))
    assert read_job(ws, ANNA, second.id).position == 2
    cancelled = cancel(ws, ANNA, first.id)
    assert (cancelled.state, cancelled.message) == ("cancelled", "Stopped by Anna.")
    assert cancelled.ended_at is not None
    assert read_job(ws, ANNA, second.id).position == 1
    assert cancel(ws, ANNA, first.id) == cancelled


def test_a_run_under_way_is_cancelled(ws, scenario):
    job = submit(ws, ANNA, scenario.id, runs=LONG)
    worker = threading.Thread(target=work_once, args=(ws, "worker"))
    worker.start()
    under_way(ws, job)
    assert cancel(ws, ANNA, job.id).stopping
    worker.join(DEADLINE)
    job = read_job(ws, ANNA, job.id)
    assert (job.state, job.stopping) == ("cancelled", False)
    assert job.message == "Stopped by Anna."
    assert 0 < job.done < LONG
    assert left_over(ws) == []


def test_progress_says_how_far_a_run_is(ws, scenario):
    job = submit(ws, ANNA, scenario.id)
    told, seen = [], threading.Event()

    def execute(ws, claim, watch, cancelled):
        for done in (1, 9):
            watch(Event("simulating", done, 17, 10.0 + done))
        told.append(until(lambda: row(ws, job).done == 9 and read_job(ws, ANNA, job.id), "9 runs"))
        watch(Event("simulating", 17, 17, 27.0))
        told.append(
            until(lambda: row(ws, job).stage == "writing" and read_job(ws, ANNA, job.id), "writing")
        )
        seen.set()
        return ""

    assert work_once(ws, "worker", execute=execute)
    assert seen.is_set()
    # Eight runs in eight seconds after the first, which compiles; eight runs are left.
    assert (told[0].state, told[0].stage, told[0].of) == ("running", "simulating", 17)
    assert (told[0].seconds, told[0].seconds_left) == (8.0, 8.0)
    assert told[1].seconds_left == 0.0


def test_time_left_is_not_guessed_without_ground():
    assert seconds_left("reading", 0, 1, 3.0) is None
    assert seconds_left("compiling", 0, 1, 3.0) is None
    assert seconds_left("simulating", 1, 256, 0.0) is None


def test_a_run_that_cannot_be_made_says_why(ws, scenario, region):
    job = submit(ws, ANNA, scenario.id)
    far = {"population": {"own": {"own_town": {"base": "var_proj_high_fertility"}}}}
    with ws.writing() as connection:
        content = CONTENT | {"horizon_year": 2190} | far
        connection.execute(update(JOB).values(content=json.dumps(content)))
    assert work_once(ws, "worker")
    job = read_job(ws, ANNA, job.id)
    assert job.state == "failed"
    assert "horizon_year" in job.message
    assert "Traceback" not in job.message
    assert left_over(ws) == []


def test_our_faults_go_to_the_log_and_not_to_the_page(ws, scenario):
    job = submit(ws, ANNA, scenario.id)

    def execute(ws, claim, watch, cancelled):
        (ws.settings.runs / claim.id).mkdir(parents=True)
        raise ZeroDivisionError("a secret of ours")

    assert work_once(ws, "worker", execute=execute)
    job = read_job(ws, ANNA, job.id)
    assert job.state == "failed"
    assert f"logs/{job.id}.log" in job.message
    assert "secret" not in job.message
    assert str(ws.settings.home) not in job.message
    log = (ws.settings.home / "logs" / f"{job.id}.log").read_text()
    assert "ZeroDivisionError: a secret of ours" in log
    assert left_over(ws) == []


def test_a_full_disk_ends_the_run_and_not_the_worker(ws, scenario, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    job = submit(ws, ANNA, scenario.id)
    monkeypatch.setattr(worker, "write_text", full)
    assert work_once(ws, "worker", execute=full)
    job = read_job(ws, ANNA, job.id)
    assert job.state == "failed"
    assert job.message.endswith("The log of its worker says what.")


@on_any_database
def test_any_words_can_be_kept(ws, scenario):
    job = submit(ws, ANNA, scenario.id)
    assert work_once(ws, "worker", execute=lambda *_: "own_\0name and \ud800 half a sign")
    job = read_job(ws, ANNA, job.id)
    assert (job.state, job.message) == ("done", "own_name and ? half a sign")


def test_what_went_wrong_is_said_without_paths_of_the_machine(ws, scenario):
    job = submit(ws, ANNA, scenario.id)
    (root,) = ws.settings.data

    def execute(ws, claim, watch, cancelled):
        raise AcutecastError(f"{root}/ip is damaged, and {ws.settings.home}/x")

    assert work_once(ws, "worker", execute=execute)
    assert read_job(ws, ANNA, job.id).message == "DATA/ip is damaged, and WORKSPACE/x"


def test_small_counts_of_rows_are_not_told():
    few, many = ({"what": "w", "count": count, "where": "ip"} for count in (4, 5))
    assert told([few, many, many], 5) == ["ip: w", "ip: w (5 rows)"]
    assert told([few, {"what": "w", "count": 0}], None) == ["ip: w (4 rows)", "w (0 rows)"]


def test_only_whole_paths_are_hidden(tmp_path):
    settings = Settings(tmp_path, data=("/srv/data", "data", ".", "/", "az://box/data"))
    text = f"The data of 2023 in /srv/data/ip, az://box/data; {tmp_path}, not /srv/database."
    assert without_paths(text, settings) == (
        "The data of 2023 in DATA/ip, DATA; WORKSPACE, not /srv/database."
    )


def test_deleted_runs_are_gone(ws, scenario):
    job = submit(ws, ANNA, scenario.id, runs=2)
    assert work_once(ws, "worker")
    assert job.folder.exists()
    delete_job(ws, ANNA, job.id)
    assert not job.folder.exists()
    assert list_jobs(ws, ANNA) == []
    with pytest.raises(Forbidden):
        read_job(ws, ANNA, job.id)


def test_a_run_deleted_while_under_way_leaves_nothing(ws, scenario):
    job = submit(ws, ANNA, scenario.id)

    def execute(ws, claim, watch, cancelled):
        delete_job(ws, ANNA, claim.id)
        (ws.settings.runs / claim.id).mkdir(parents=True)
        until(cancelled, "the word to stop")
        return "finished all the same"

    assert work_once(ws, "worker", execute=execute)
    assert row(ws, job).state == "done"
    assert left_over(ws) == []
    assert not work_once(ws, "worker")


def in_threads(works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)


@on_any_database
def test_no_two_workers_take_one_run(ws, scenario):
    jobs = [submit(ws, ANNA, scenario.id, runs=runs) for runs in range(1, 21)]
    taken, lock = [], threading.Lock()

    def execute(ws, claim, watch, cancelled):
        with lock:
            taken.append(claim.id)
        return ""

    def work(name):
        while work_once(ws, name, execute=execute):
            pass

    in_threads(lambda name=f"worker {n}": work(name) for n in range(6))
    assert Counter(taken) == Counter(job.id for job in jobs)
    assert {job.state for job in list_jobs(ws, ANNA)} == {"done"}


def test_who_waited_longest_is_first(ws, scenario):
    jobs = [submit(ws, ANNA, scenario.id, runs=runs) for runs in (4, 2, 3)]
    order = []

    def execute(ws, claim, watch, cancelled):
        order.append(claim.id)
        return ""

    while work_once(ws, "worker", execute=execute):
        pass
    assert order == [job.id for job in jobs]


def test_a_killed_worker_loses_nothing(ws, scenario, data, tmp_path):
    runs = 400
    job = submit(ws, ANNA, scenario.id, runs=runs, years="all")
    process = worker_process(ws)
    under_way(ws, job)
    process.kill()
    process.wait(DEADLINE)
    assert row(ws, job).state == "running"
    assert requeue_stale(ws) == 0
    assert requeue_stale(ws, now() + STALE + timedelta(seconds=1)) == 1
    again = read_job(ws, ANNA, job.id)
    assert (again.state, again.position) == ("queued", 1)
    assert "Started again" in again.message

    assert work_once(ws, "another")
    job = read_job(ws, ANNA, job.id)
    assert job.state == "done"
    ac.run(CONTENT, data, tmp_path / "alone", runs=runs, empty_tpmas="warn")
    assert files(job.folder) == files(tmp_path / "alone")
    assert left_over(ws) == [job.folder.name]


@on_any_database
def test_runs_that_kill_their_workers_are_given_up(ws, scenario):
    job = submit(ws, ANNA, scenario.id)

    def dies(ws, claim, watch, cancelled):
        # As a killed worker leaves it: claimed, and never heard of again.
        with ws.writing() as connection:
            connection.execute(update(JOB).values(worker="dead", beat_at=now() - 2 * STALE))
        raise Cancelled

    for _ in range(MOST_ATTEMPTS):
        assert read_job(ws, ANNA, job.id).state == "queued"
        assert work_once(ws, "worker", execute=dies)
        assert requeue_stale(ws) == 1
    job = read_job(ws, ANNA, job.id)
    assert job.state == "failed"
    assert "stopped 3 times" in job.message
    assert job.ended_at is not None
    assert not work_once(ws, "worker")


@on_any_database
def test_a_worker_taken_for_dead_gives_way(ws, scenario):
    """It wakes, as a laptop does, after another got its run: it stops and says nothing more."""
    job = submit(ws, ANNA, scenario.id)

    def second(ws, claim, watch, cancelled):
        return "the second's"

    def first(ws, claim, watch, cancelled):
        assert requeue_stale(ws, now() + 2 * STALE) == 1
        assert work_once(ws, "second", execute=second)
        until(cancelled, "the word to stop")
        raise Cancelled

    assert work_once(ws, "first", execute=first)
    job = read_job(ws, ANNA, job.id)
    assert (job.state, job.message) == ("done", "the second's")


def makes(words):
    """Work that leaves a folder, as a run does."""

    def execute(ws, claim, watch, cancelled):
        folder = ws.settings.runs / claim.folder
        folder.mkdir(parents=True)
        (folder / "words").write_text(words)
        return words

    return execute


@pytest.mark.parametrize("meanwhile", ["done", "cancelled"])
def test_what_a_worker_taken_for_dead_makes_all_the_same_is_removed(ws, scenario, meanwhile):
    job = submit(ws, ANNA, scenario.id)

    def first(ws, claim, watch, cancelled):
        assert requeue_stale(ws, now() + 2 * STALE) == 1
        if meanwhile == "done":
            assert work_once(ws, "second", execute=makes("the second's"))
        else:
            cancel(ws, ANNA, claim.id)
        return makes("the first's")(ws, claim, watch, cancelled)

    assert work_once(ws, "first", execute=first)
    job = read_job(ws, ANNA, job.id)
    assert job.state == meanwhile
    if meanwhile == "done":
        assert (job.folder / "words").read_text() == job.message == "the second's"
    assert left_over(ws) == ([job.folder.name] if meanwhile == "done" else [])
    delete_job(ws, ANNA, job.id)
    assert left_over(ws) == []


def test_a_run_that_is_done_at_once_again_keeps_its_results(ws, scenario, monkeypatch):
    """Whoever removes what a dead worker left may come after the next has finished."""
    job = submit(ws, ANNA, scenario.id)
    claim = claims.take(ws, "dies")
    assert claim is not None
    makes("half of it")(ws, claim, None, None)
    clear = claims.clear

    def late(ws, *names):
        monkeypatch.setattr(claims, "clear", clear)
        assert work_once(ws, "second", execute=makes("whole"))
        clear(ws, *names)

    monkeypatch.setattr(claims, "clear", late)
    assert requeue_stale(ws, now() + 2 * STALE) == 1
    job = read_job(ws, ANNA, job.id)
    assert (job.folder / "words").read_text() == "whole"
    assert left_over(ws) == [job.folder.name]


def test_an_end_that_is_written_twice_keeps_the_results(ws, scenario):
    """The database may have stored it although the answer was lost; then it is tried again."""
    job = submit(ws, ANNA, scenario.id)
    claim = claims.take(ws, "worker")
    assert claim is not None
    makes("whole")(ws, claim, None, None)
    for _ in range(2):
        claims.end(ws, claim, "done", "")
    assert read_job(ws, ANNA, job.id).folder.exists()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_clocks_of_machines_need_not_agree(ws, scenario, monkeypatch):
    job = submit(ws, ANNA, scenario.id)
    for wrong in (-100 * STALE, 100 * STALE):
        monkeypatch.setattr("acutecast.workspace.workspace.now", lambda wrong=wrong: now() + wrong)
        claim = claims.take(ws, "of another clock")
        assert claim is not None
        claims.beat(ws, claim, Event("reading", 0, 1, 0.0))
        monkeypatch.undo()
        assert requeue_stale(ws) == 0
        claims.give_back(ws, claim)
    assert work_once(ws, "worker", execute=lambda *_: "")
    job = read_job(ws, ANNA, job.id)
    assert job.asked_at <= job.started_at <= job.ended_at


@on_any_database
def test_a_run_asked_to_stop_is_not_started_again(ws, scenario):
    job = submit(ws, ANNA, scenario.id)

    def execute(ws, claim, watch, cancelled):
        cancel(ws, ANNA, claim.id)
        assert requeue_stale(ws, now() + 2 * STALE) == 1
        raise Cancelled

    assert work_once(ws, "worker", execute=execute)
    assert read_job(ws, ANNA, job.id).state == "cancelled"
    assert not work_once(ws, "worker")


def test_a_worker_told_to_end_puts_its_run_back(ws, scenario):
    job = submit(ws, ANNA, scenario.id, runs=LONG)
    process = worker_process(ws)
    under_way(ws, job)
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE) == 0
    assert (row(ws, job).state, row(ws, job).attempts) == ("queued", 0)
    assert left_over(ws) == []


def test_a_worker_goes_on_with_the_queue_until_it_is_stopped(ws, scenario):
    stop = threading.Event()
    worker = threading.Thread(target=work_forever, args=(ws, stop))
    worker.start()
    for runs in (2, 3):
        job = submit(ws, ANNA, scenario.id, runs=runs)
        until(lambda job=job: read_job(ws, ANNA, job.id).state == "done", "the run")
    stop.set()
    worker.join(DEADLINE)
    assert not worker.is_alive()


@pytest.mark.long
def test_workers_are_replaced_and_stopped(ws, scenario):
    workers = start_workers(ws.settings)
    try:
        first = until(lambda: workers.pids, "a process")
        os.kill(first[0], signal.SIGKILL)
        second = until(lambda: workers.pids != first and workers.pids, "another process")
        assert len(second) == 1
        job = submit(ws, ANNA, scenario.id, runs=2)
        until(lambda: read_job(ws, ANNA, job.id).state == "done", "the run")
    finally:
        workers.stop()
    assert workers.pids == ()


def test_workers_end_with_a_killed_parent(ws):
    code = """
import sys, threading
from acutecast.workspace.processes import start_workers
from acutecast.workspace.settings import read_settings
workers = start_workers(read_settings(), 2)
while len(workers.pids) < 2:
    threading.Event().wait(0.05)
print("started", flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env=environment_of(ws.settings),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    parent.kill()
    # The workers hold the pipe too: it closes when the last of them has ended.
    assert parent.communicate(timeout=DEADLINE)[0] == b""


def test_settings_reach_the_processes(tmp_path):
    from acutecast.workspace.settings import read_settings

    roots = ("/one", "az://two", "/a path", "/o'brien")
    settings = Settings(home=tmp_path / "a home", data=roots, suppress=5, threads=2)
    assert read_settings(environment_of(settings)) == settings
    with pytest.raises(AcutecastError, match="the path has a double quote"):
        environment_of(Settings(home=tmp_path, data=('/a "path"',)))


def test_roots_of_data_in_the_environment(tmp_path, monkeypatch):
    from acutecast.workspace.settings import read_settings

    def roots(text):
        return read_settings({"ACUTECAST_DATA": text}, home=tmp_path).data

    assert roots("/one  az://two\n/three") == ("/one", "az://two", "/three")
    assert roots('"/with two spaces" "/one"') == ("/with two spaces", "/one")
    # A root is the same from any folder, where a worker may be.
    monkeypatch.chdir(tmp_path)
    assert roots("tables file:///x") == (str(tmp_path / "tables"), "/x")
    assert read_settings({}, home=tmp_path, data=("my tables",)).data == (
        str(tmp_path / "my tables"),
    )
    for text in ('"/one', '/one"two"', '""'):
        with pytest.raises(AcutecastError, match="double quote"):
            roots(text)
    with pytest.raises(AcutecastError, match="no whole number"):
        read_settings({"ACUTECAST_SUPPRESS": "²"}, home=tmp_path)


def test_a_worker_without_a_workspace_says_so(tmp_path):
    environment = environment_of(Settings(home=tmp_path, database="nonsense"))
    done = subprocess.run(
        [sys.executable, "-m", "acutecast.workspace.worker", UNTIL_STDIN_CLOSES],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "is no URL of a database" in done.stderr
    assert "Traceback" not in done.stderr
