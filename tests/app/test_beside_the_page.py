"""What goes on beside a page: it ends with it, its faults are said, and it holds nobody up."""

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from starlette.datastructures import Headers

from acutecast.app import application, live
from acutecast.app.background import Progress, in_words, long_work
from acutecast.app.live import follow, in_background
from acutecast.app.pages.assumptions.page import Here
from acutecast.app.pages.compare import answering as compare
from acutecast.app.pages.results import answering as results
from acutecast.app.visit import Visit, link, parse_query
from acutecast.errors import AcutecastError, Cancelled, Problem
from acutecast.report.views import Selection
from acutecast.workspace import Person, Settings, create_scenario, open_workspace
from app.test_page_of_runs import job
from loops import in_own_loop
from service.in_process import Client

DEMO = ("demo", "data", "ip", "fyear=2023", "dataset=DEMO")


class Session:
    """What a page's session is for what goes on beside it."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self.sent: list[tuple[str, dict]] = []
        self.closed = False
        self._ends: list = []
        self.http_conn = type("Connection", (), {"client": None, "headers": Headers(headers or {})})

    async def send_custom_message(self, kind: str, message: dict) -> None:
        self.sent.append((kind, message))

    def on_ended(self, act):
        self._ends.append(act)
        return lambda: self._ends.remove(act) if act in self._ends else None

    async def close(self) -> None:
        self.closed = True
        for act in list(self._ends):
            act()

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.sent]


async def under_way() -> int:
    """Let everything that can end do so; count what goes on."""
    for _ in range(20):
        await asyncio.sleep(0)
    return len(live._UNDER_WAY)


@pytest.fixture
def workspace(tmp_path):
    (tmp_path.joinpath(*DEMO)).mkdir(parents=True)
    (tmp_path.joinpath(*DEMO) / "0.parquet").touch()
    return open_workspace(Settings(home=tmp_path))


def test_a_fault_is_said_on_the_page_and_its_details_are_not():
    async def fails() -> None:
        raise KeyError("secret")

    async def refuses() -> None:
        raise AcutecastError(Problem("the disk is full"))

    async def run(work) -> Session:
        session = Session()
        in_background(session, work)
        assert await under_way() == 0
        return session

    told = in_own_loop(run(fails())).sent
    assert [kind for kind, _ in told] == ["acutecast-fault"]
    assert "something went wrong on our side" in told[0][1]["html"]
    assert "secret" not in told[0][1]["html"]
    assert "the disk is full" in in_own_loop(run(refuses())).sent[0][1]["html"]
    assert in_words(Cancelled("stop")).title == "Stopped"


def test_a_fault_in_a_look_at_results_is_shown_and_logged(workspace, monkeypatch, caplog):
    visit = Visit(workspace, Person("anna", "Anna", "analyst", ("*",)), {})
    for module, ask in ((results, ("r", "summary")), (compare, ([],))):
        monkeypatch.setattr(module, "opened", lambda *_: 1 / 0)
        found = module.find(visit, *ask, Selection(), False)
        assert "something went wrong on our side" in str(found.fault)
    assert "ZeroDivisionError" in caplog.text


def test_what_looks_again_and_again_ends_with_the_page():
    async def run() -> None:
        session, looked = Session(), []

        async def tell(_: object) -> float:
            return 60.0

        follow(session, lambda: looked.append(1), tell)
        in_background(session, asyncio.sleep(60), ends_with_page=True)
        assert await under_way() == 2
        await session.close()
        assert await under_way() == 0

    in_own_loop(run())


def test_nothing_of_a_page_of_assumptions_is_left_when_it_is_closed(workspace):
    person = Person("anna", "Anna", "analyst", ("*",))
    id = create_scenario(workspace, person, {"name": "x"}, "DEMO").id

    async def run() -> None:
        session = Session()
        here = Here(None, None, session, Visit(workspace, person, {"scenario": id}))
        vars(here)["on"] = lambda *_: None
        here.begin()
        await session.close()
        assert await under_way() == 0

    in_own_loop(run())


def test_long_work_waits_for_its_turn_and_can_be_stopped_there():
    done = threading.Event()

    async def run() -> None:
        first = [asyncio.create_task(long_work(Progress(), done.wait)) for _ in range(8)]
        waits = Progress()
        last = asyncio.create_task(long_work(waits, lambda: "made"))
        await under_way()
        assert waits.waiting
        # Short work of other pages goes on meanwhile.
        assert await asyncio.to_thread(lambda: "looked") == "looked"
        waits.stop()
        done.set()
        assert all(await asyncio.gather(*first))
        with pytest.raises(Cancelled):
            await last

    in_own_loop(run())


def test_who_may_less_than_before_does_not_keep_the_page(tmp_path):
    access = tmp_path / "access.toml"
    access.write_text('[people."anna"]\nrole = "analyst"\nproviders = ["RXX"]\n')
    settings = Settings(home=tmp_path, identity="proxy", access=access)
    headers = {"X-Forwarded-User": "anna"}
    before = application.identify(settings, headers)

    async def run(person: Person) -> Session:
        session = Session(headers)
        application._leave_with_rights(session, settings, person)
        await asyncio.to_thread(lambda: None)
        for _ in range(100):
            await asyncio.sleep(0.01)
            if session.closed:
                break
        else:
            await session.close()
            session.closed = False
        return session

    assert in_own_loop(run(Person("anna", "anna", "admin", ("*",)))).closed
    assert not in_own_loop(run(before)).closed
    access.write_text("")
    gone = in_own_loop(run(before))
    assert gone.closed
    assert gone.kinds() == ["acutecast-reload"]


def test_a_page_is_made_in_a_thread_and_named_problems_are_pages_too(workspace, monkeypatch):
    made_in = []
    page_ui = application._page_ui
    monkeypatch.setattr(
        application, "_page_ui", lambda v: made_in.append(threading.current_thread()) or page_ui(v)
    )
    for root in ("", "/planning"):
        made_in.clear()
        client = Client(application.make_app(workspace), root_path=root)
        assert "Start here" in client.ask("GET", "/").body.decode()
        assert len(made_in) == 1
        assert made_in[0] is not threading.main_thread()
        assert "there is no such page" in client.ask("GET", "/?page=nowhere").body.decode()
        assert client.ask("GET", "/health").json()["ok"]


def test_what_a_first_look_loads_is_loaded_before():
    code = (
        "import sys; from acutecast.app.opened import warm; warm();"
        "print({'numba', 'acutecast.capacity.stored', 'altair', 'acutecast.insight.preview'}"
        " - set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_address_names_one_thing(workspace):
    person = Person("anna", "Anna", "analyst", ("*",))
    id = create_scenario(workspace, person, {"name": "x"}, "DEMO").id
    visit = Visit(workspace, person, {"page": "results", "scenario": id, "run": "r"})
    vars(visit)["job"] = job(scenario_id="another")
    with pytest.raises(AcutecastError, match="a run of another one"):
        application._known(visit)
    vars(visit)["job"] = job(scenario_id=id)
    application._known(visit)
    # Names in an address are not names of ours.
    assert visit.link("runs", self="1", page_="2") == f"?page=runs&scenario={id}&self=1&page_=2"
    assert link("home", q="") == "?page=home"
    assert parse_query("?page=&run=a&run=b") == {"run": "b"}


def test_times_are_told_so_that_nobody_mistakes_the_zone():
    from acutecast.app.opened import ended, when
    from acutecast.app.pages.assumptions.telling import ago

    at = datetime(2026, 7, 3, 9, 5)
    done = job(state="done", ended_at=at)
    zone = at.replace(tzinfo=UTC).astimezone().strftime("%Z")
    assert when(done).startswith("3 July 2026, ")
    assert when(done).endswith(zone)
    assert 'datetime="2026-07-03T09:05:00Z"' in live.html(ended(done))
    for minutes, words in ((0, "just now"), (1, "1 minute ago"), (125, "2 hours ago"),
                           (3000, "2 days ago")):  # fmt: skip
        later = datetime.fromtimestamp(at.timestamp() + 60 * minutes)
        assert ago(at, later) == words
