"""Whatever the description allows to be asked, and whatever it does not, no answer is a fault.

Answers are also those that the description promises: status, media type and shape.
"""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from small_service import CONTENT

from acutecast.report.views import VIEWS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SLOW = ("report", "nhp_tables")
# Words at random are refused early; these get further, in combinations that nobody thought of.
PLAUSIBLE: dict[str, list] = {
    "by": ["", "pod", "sitetret,age_group", "age", "sex,tretspef_grouped", "los_group,tretspef",
           "acuity", "change_factor", "strategy,pod", "measure,year", "activity_type"],
    "where": [["sex=1"], ["pod=nothing"], ["age_group=75-84,85+", "sex=2"], ["measure=beddays"],
              ["activity_type=aae"], ["change_factor=expat"], ["los_group=0 days"]],
    "measures": ["beddays", "arrivals", "admissions,attendances", "walk-in", "procedures"],
    "measure": ["beddays", "arrivals", "walk-in", "attendances", "admissions,procedures"],
    "years": ["all", "horizon", "2028", "2028,2033", "2023"],
    "of": ["all", "avoided", "delivery", "converted"],
    "format": ["json", "csv", "parquet", "arrow"],
    "form": ["exact", "isolated"],
    "provider": ["DEMO"],
    "suppress": [2, 5, 1000],
    "areas": ["ward_child", "nothing"],
    "area": ["ward_child", "theatre_main", "nothing"],
    "activity": ["ip", "op", "aae"],
    "pods": ["ip_elective_admission", "op_first", "aae_type-01"],
    "ip_sites": ["RXX01", "RXX02"],
    "op_sites": ["RXX01,RXX02"],
    "specialties": ["Trauma and Orthopaedics", "100"],
    "ages": ["0", "75-84,85+"],
    "year": ["2028", "2033", "2023"],
    "table": [0, 1, 2],
    "key": [view.key for view in VIEWS],
    "name": ["attribution.parquet", "cube/ip_full.parquet", "run.json"],
    "ending": ["xlsx", "docx", "html"],
}  # fmt: skip
NEEDED = {"measure", "measures", "provider"}
EDITS = {"edits": [{"path": ["runs"], "value": 4}, {"path": ["seed"], "value": 2}]}
BODIES: dict[str, list] = {
    "check_scenario": [CONTENT, {"name": "x"}],
    "create": [CONTENT, {"name": "x"}],
    "put": [CONTENT | {"runs": 5}, CONTENT | {"expat": {"ip": {"elective": {"Other": [0, 1]}}}}],
    "change": [EDITS, {"edits": [{"path": ["expat", "ip"], "value": None}], "force": True}],
    "ask_for_run": [{"scenario": CONTENT, "provider": "DEMO", "runs": 2, "years": [2028]}],
}


@pytest.fixture
def schema(service):
    return schemathesis.openapi.from_asgi("/openapi.json", service.app)


def ask(operation, token, there, examples, mode):
    """Ask one address so many times, mostly about things that are there."""
    name = operation.definition.raw["operationId"]
    known = {parameter.name for parameter in operation.query}

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        case=operation.as_strategy(generation_mode=mode),
        about=st.sampled_from([there, there, there, {}]),
        said=st.fixed_dictionaries({name: st.sampled_from(v) for name, v in PLAUSIBLE.items()}),
        chosen=st.sets(st.sampled_from([*PLAUSIBLE])),
        body=st.sampled_from([None, *BODIES.get(name, ())]),
        at_random=st.booleans(),
    )
    def once(case, about, said, chosen, body, at_random):
        path = case.path_parameters or {}
        path |= {key: value for key, value in (said | about).items() if key in path}
        if not at_random:
            case.query = {key: said[key] for key in (chosen | NEEDED) & known}
            case.headers["If-Match"] = "*"
        if isinstance(case.query, dict) and "wait" in case.query:
            case.query["wait"] = 0
        if body is not None:
            case.body = body
        response = case.call(headers=token)
        case.validate_response(response, checks=CHECKS)

    once()


def ask_everything(service, schema, done, examples, mode, only=lambda name: name not in SLOW):
    """Ask the addresses, each so many times."""
    scenario = service.scenario()
    token = {"Authorization": f"Bearer {service.tokens['anna']}"}
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        # Nothing about it can be asked wrongly.
        harmless = name == "is_healthy" and mode is GenerationMode.NEGATIVE
        if only(name) and not harmless:
            run = service.run(runs=2) if name in ("delete_run", "cancel_run") else done
            ask(operation, token, {"scenario": scenario, "run": run}, examples, mode)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
def test_no_answer_is_a_fault(service, schema, done, mode):
    ask_everything(service, schema, done, 15, mode)


@pytest.mark.long
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
def test_no_answer_is_a_fault_however_often_one_asks(service, schema, done, mode):
    ask_everything(service, schema, done, 150, mode)


@pytest.mark.long
def test_no_report_is_a_fault(service, schema, done):
    ask_everything(service, schema, done, 15, GenerationMode.POSITIVE, lambda name: name in SLOW)
