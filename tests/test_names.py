"""Names from data become parts of paths: none leads out of its folder."""

from dataclasses import replace

import pyarrow as pa
import pytest

from acutecast.capacity.tables import _fill as fill_capacity
from acutecast.errors import AcutecastError
from acutecast.files import check_names, joined
from acutecast.provider import read_provider, write_provider
from acutecast.provider.read import leaf_folder
from acutecast.results.run import _readable as readable
from small_provider import small_provider

OUTSIDE = [
    "X/../../../pwn", "/etc/pwn", "..", ".", "", "X\0", "X\nY", "..\\pwn", "C:\\pwn", "C:pwn",
    "X/", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_of_its_folder_is_refused(name):
    with pytest.raises(AcutecastError, match="cannot be the name of a file or folder"):
        check_names("RXX", name)


@pytest.mark.parametrize("name", [name for name in OUTSIDE if name != "."])
@pytest.mark.parametrize("root", ["runs", "az://results/runs"])
def test_no_path_below_a_folder_leads_out_of_it(name, root):
    with pytest.raises(AcutecastError, match="cannot be the name"):
        joined(root, "providers", name)


def test_a_part_may_have_several_names():
    assert joined("runs", "a", "cube/ip.parquet") == "runs/a/cube/ip.parquet"
    assert joined("az://r/runs/", "Bath & NE Somerset") == "az://r/runs/Bath & NE Somerset"


def test_names_that_do_not_fit_are_said_together():
    with pytest.raises(AcutecastError) as caught:
        check_names("..", "RXX", "a/b")
    assert [problem.where for problem in caught.value.problems] == ["..", "a/b"]


@pytest.mark.parametrize("code", OUTSIDE)
def test_tables_of_a_provider_are_written_and_read_below_their_root_alone(code, tmp_path):
    root = tmp_path / "inner" / "data"
    provider = replace(small_provider(), dataset=code)
    with pytest.raises(AcutecastError):
        write_provider(provider, root)
    with pytest.raises(AcutecastError):
        read_provider(root, code, 2023)
    with pytest.raises(AcutecastError):
        leaf_folder(str(root), code, "RXX", 2023)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_run_names_no_file_outside_it(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "pwn.parquet").write_text("PAR1")
    with (
        pytest.raises(AcutecastError, match="cannot be the name"),
        readable(str(tmp_path / "run"), "../pwn.parquet"),
    ):
        pass
    with pytest.raises(AcutecastError, match="cannot be the name"):
        fill_capacity(tmp_path / "run", {"../pwn": pa.table({"a": [1]})}, {})
    assert (tmp_path / "pwn.parquet").read_text() == "PAR1"
