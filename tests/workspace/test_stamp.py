"""A small query tells whether a list of scenarios or runs needs to be read again."""

import acutecast as ac
from acutecast.provider import write_provider
from acutecast.workspace.access import Person
from acutecast.workspace.claims import DONE, end, take
from acutecast.workspace.jobs import cancel, delete_job, submit
from acutecast.workspace.scenarios import (
    create_scenario,
    delete_scenario,
    rename_scenario,
    restore_scenario,
    share_scenario,
)
from acutecast.workspace.stamp import stamp


def test_it_differs_after_every_change_and_only_then(any_ws):
    ws, seen = any_ws, [stamp(any_ws)]
    write_provider(ac.demo_provider(size=0.002), ws.settings.data[0])
    dora = Person("dora", "Dora", "analyst", ("DEMO",))

    def changed() -> None:
        assert stamp(ws) == stamp(ws)
        assert stamp(ws) not in seen
        seen.append(stamp(ws))

    row = create_scenario(ws, dora, {"name": "Base"}, "DEMO")
    changed()
    rename_scenario(ws, dora, row.id, "Other")
    changed()
    share_scenario(ws, dora, row.id)
    changed()
    delete_scenario(ws, dora, row.id)
    changed()
    restore_scenario(ws, dora, row.id)
    changed()
    job = submit(ws, dora, row.id)
    changed()
    claim = take(ws, "a worker")
    assert claim is not None
    changed()
    end(ws, claim, DONE, "")
    changed()
    delete_job(ws, dora, job.id)
    changed()
    waiting = submit(ws, dora, row.id)
    changed()
    cancel(ws, dora, waiting.id)
    changed()
