"""Messages that no page of ours sends: no session ends by a value, the log has no traceback."""

import asyncio
import json
import logging
import re
from pathlib import Path

import pytest

import acutecast.app
from acutecast.app.application import make_app
from acutecast.app.inputs import INPUTS, Refused, heard
from acutecast.workspace import (
    create_scenario,
    ensure_demo,
    identify,
    list_scenarios,
    open_workspace,
    read_job,
    submit,
    work_once,
)
from acutecast.workspace.settings import Settings
from loops import in_own_loop

HUGE, DEEP = "x" * 300_000, json.loads("[" * 200 + "]" * 200)
WRONG = (
    [], {}, ["a"], [1], {"a": {"b": 1}}, {"a": [1]}, {"id": ["x"]}, {"parts": 3}, {"parts": [[1]]},
    {"row": 1}, {"keys": 7}, {"hrgs": "a"}, {"content": 1, "size": "x"}, {"size": -1, "name": 1},
    HUGE, {"a": HUGE}, DEEP, {"a": DEEP}, None, True, 0, -1, 1e308, 10**400, "\ud800", "a\0b",
    {"\ud800": 1}, "", "[" * 100_000, "9" * 5000, "99999999999999999999", '["\\ud800"]', "'; --",
)  # fmt: skip
PAGES = ("home", "assumptions", "runs", "results", "compare", "report", "about", "nowhere")
SECTIONS = ("overview", "tpmas", "population", "inequalities", "history", "growth")


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("inputs"))
    ws = open_workspace(settings)
    ensure_demo(settings, size=0.02)
    yield ws
    ws.close()


@pytest.fixture(scope="module")
def app(ws):
    return make_app(ws)


@pytest.fixture(scope="module")
def person(ws):
    return identify(ws.settings, {})


@pytest.fixture(scope="module")
def runs(ws, person):
    """Two finished runs of one scenario."""
    made = create_scenario(ws, person, {"name": "Run", "horizon_year": 2026}, "DEMO", "Run")
    jobs = [submit(ws, person, made.id, runs=2, capacity=False) for _ in range(2)]
    while work_once(ws, "the tests"):
        pass
    assert {read_job(ws, person, job.id).state for job in jobs} == {"done"}
    return [job.id for job in jobs]


def message(data, method="update"):
    return json.dumps({"method": method, "data": data})


async def _talk(app, said):
    """Open a page's session in this process and say things; give what is answered, then close."""
    given, ended = asyncio.Queue(), asyncio.Event()
    answers = []
    given.put_nowait({"type": "websocket.connect"})
    for text in said:
        given.put_nowait({"type": "websocket.receive", "text": text})

    async def receive():
        # Nothing is said before what came before it was heard.
        return await given.get()

    async def send(sent):
        answers.append(sent)
        if sent["type"] == "websocket.close":
            ended.set()

    scope = {
        "type": "websocket", "path": "/websocket/", "raw_path": b"/websocket/", "root_path": "",
        "query_string": b"", "headers": [(b"host", b"localhost")], "subprotocols": [],
        "scheme": "ws", "client": ("127.0.0.1", 1), "server": ("localhost", 80), "state": {},
    }  # fmt: skip
    task = asyncio.create_task(app(scope, receive, send))
    asking = json.dumps({"method": "ask", "args": [], "tag": "the last"})
    given.put_nowait({"type": "websocket.receive", "text": asking})
    for _ in range(3000):
        last = any("the last" in str(sent.get("text")) for sent in answers)
        if last or task.done() or ended.is_set():
            break
        await asyncio.sleep(0.01)
    # What goes on beside the page answers too.
    for _ in range(3):
        await asyncio.sleep(0.05)
    given.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(task, 60)
    return answers


def talk(app, said):
    return in_own_loop(_talk(app, said))


def is_open(answers):
    return any("Unknown method" in str(sent.get("text")) for sent in answers)


def faults(capfd, caplog):
    written = "".join(capfd.readouterr())
    return [
        text
        for text in (written, *(record.exc_text or "" for record in caplog.records))
        if "Traceback" in text or "Error" in text
    ]


def test_every_input_that_a_page_reads_has_a_shape():
    folder = Path(acutecast.app.__file__).parent
    code = "".join(file.read_text() for file in folder.glob("pages/**/*.py"))
    read = set(re.findall(r"\binput\.(\w+)\b", code)) | set(re.findall(r"\.on\(\"(\w+)\"", code))
    assert read - set(INPUTS) == set()
    code += "".join(file.read_text() for file in folder.glob("**/*.py"))
    for name in set(INPUTS) - read:
        assert f'"{name}"' in code, name


@pytest.mark.parametrize("page", [*PAGES, *(f"assumptions&section={s}" for s in SECTIONS)])
def test_inputs_of_the_wrong_kind_are_refused_and_the_page_goes_on(
    app, ws, person, runs, page, capfd, caplog
):
    caplog.set_level(logging.WARNING)
    made = create_scenario(ws, person, {"name": "Kept"}, "DEMO", "Kept")
    one = f"run={runs[0]}"
    of = {"results": one, "report": one, "compare": f"runs={','.join(runs)}"}
    search = f"?page={page}&{of.get(page, f'scenario={made.id}')}"
    said = [message({".clientdata_url_search": search}, "init")]
    said += [message({name: value}) for name in INPUTS for value in WRONG]
    capfd.readouterr()
    assert is_open(talk(app, said))
    assert not faults(capfd, caplog)
    assert made.id in {row.id for row in list_scenarios(ws, person)}
    assert all(read_job(ws, person, run).state == "done" for run in runs)


@pytest.mark.parametrize(
    "said",
    [
        "", "{", "[]", "1", "null", "{}", '{"method": 1}', '{"method": "init"}',
        '{"method": "init", "data": []}', '{"method": "init", "data": {}}',
        '{"method": "init", "data": {".clientdata_url_search": 1}}', '{"method": "nothing"}',
        '{"method": "a", "args": 1, "tag": 1}', '{"method": "a", "args": []}',
        message({"search": "a"}), "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_message_closes_the_session_in_peace(app, said, capfd, caplog):
    answers = talk(app, [said])
    assert answers[-1] == {"type": "websocket.close", "code": 1008}
    assert not faults(capfd, caplog)


@pytest.mark.parametrize(
    "data",
    [
        {"a:b:c": 1}, {"a:shiny.date": 1}, {"a:shiny.action": {}}, {"a:shiny.number": "x"},
        {"a:shiny.file": [1]}, {"search:shiny.action": 1}, {".clientdata_output_card_hidden": 7},
        {".clientdata_url_search": 7}, {"x": DEEP},
    ],
)  # fmt: skip
def test_values_that_shiny_could_not_read_are_left_out(data):
    text, begun = heard(message({**data, "view": "summary"}), begun=True)
    assert begun
    assert json.loads(text)["data"] == {"view": "summary"}


def test_what_pages_send_is_heard_as_it_is():
    for data in (
        {"search": "a – b"}, {"upload_file": None}, {"why_other": "a"},
        {".clientdata_output_card_hidden": False, ".clientdata_url_port": "80"},
        {"upload_file": {"name": "a.json", "size": 200_000, "content": HUGE}},
        {"ac_edit": {"row": '["runs"]', "parts": {"value": "1"}, "changed": "value", "base": 3}},
        {"ac_bulk": {"keys": ['["a"]'], "how": "set", "low": "1"}}, {"ac_rows": []},
        {"ac_hrgs": {"choice": "", "all": True}},
    ):  # fmt: skip
        text = message(data)
        assert heard(text, begun=True) == (text, True)
    with pytest.raises(Refused):
        heard(message({".clientdata_url_search": ""}, "init"), begun=True)


def test_what_nobody_asks_for_is_not_stored_and_what_is_too_much_closes_the_session(caplog):
    others = {"button:shiny.action": 1, "n:shiny.number": 1.5, ".clientdata_pixelratio": 2, "a": []}
    text, _ = heard(message({**others, "view": "summary"}), begun=True)
    assert json.loads(text)["data"] == {"view": "summary"}
    assert not caplog.text
    many = {f".clientdata_output_x{i}_hidden": True for i in range(1001)}
    with pytest.raises(Refused, match="1,001 values"):
        heard(message(many), begun=True)
    assert heard(message(dict(list(many.items())[:1000])), begun=True)
    with pytest.raises(Refused):
        heard(json.dumps({"method": "ask", "args": ["x" * 20_000], "tag": 1}), begun=True)
    wide = {"filters": {str(i): 1 for i in range(200_000)}}
    assert json.loads(heard(message(wide), begun=True)[0])["data"] == {}
