"""A killed extract leaves records in the temporary folder; the next one removes them."""

import tempfile

from acutecast.extract.pipeline import opened_records
from acutecast.synthetic.records import write_records
from processes import killed, process

STOPPED = """
import sys
from acutecast.extract.pipeline import extract_records
def tell(stage, done, of, seconds):
    if stage == "deriving":
        print(stage, flush=True)
        input()
extract_records(sys.argv[1], sys.argv[2], threads=1, tell=tell)
"""


def test_the_next_extract_removes_what_a_killed_one_left_and_no_living_ones(tmp_path, monkeypatch):
    records, place = tmp_path / "records", tmp_path / "tmp"
    write_records(records, trusts=1, size=0.01, years=(2023,))
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    killed(STOPPED, records, tmp_path / "a", tmp=place)
    (left,) = place.rglob("records.duckdb")
    assert left.stat().st_size > 0
    with process(STOPPED, records, tmp_path / "b", tmp=place):
        with opened_records(records, threads=1):
            assert not left.exists()
            assert len(list(place.iterdir())) == 2
        (used,) = place.rglob("records.duckdb")
        assert used != left
    assert not (tmp_path / "a").exists()
