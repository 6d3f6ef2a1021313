"""The whole way: made-up records to provider tables, and what the tables must then be."""

import hashlib
import json
import shutil

import polars as pl
import pytest

import acutecast as ac
from acutecast import facts
from acutecast.errors import AcutecastError
from acutecast.extract.pipeline import extract_records
from acutecast.provider import check_provider
from acutecast.synthetic.records import trust_codes, write_records
from acutecast.synthetic.region import region_tables

SIZE = 0.06


def digest(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    out = tmp_path_factory.mktemp("region") / "records"
    write_records(out, trusts=2, size=SIZE, years=(2022, 2023))
    return out


@pytest.fixture(scope="module")
def made(region, tmp_path_factory):
    return extract_records(region, tmp_path_factory.mktemp("out") / "data", threads=1)


def table(made, name, dataset="DEMO"):
    return pl.read_parquet(made.root / name / "fyear=2023" / f"dataset={dataset}" / "*.parquet")


def test_the_tables_are_in_order(made):
    assert made.providers == (("DEMO", 2023), ("ZAA", 2023))
    assert made.problems == ()
    provider = ac.read_provider(made.root, "ZAA")
    assert check_provider(provider) == []
    assert provider.rules.startswith("Acutecast 1.0 (")


def test_records_come_back_as_the_spells_they_were_made_from(made):
    """The region's spells were derived without SQL: the extract must find the same again."""
    source = pl.from_arrow(region_tables(1, SIZE)["ip"])
    ours = table(made, "ip")
    key = [
        "admidate",
        "disdate",
        "admihour",
        "age",
        "sex",
        "tretspef",
        "admimeth",
        "classpat",
        "sitetret",
    ]
    # HRGs are the presentation's own where it has one.
    columns = [
        c
        for c in source.columns
        if c in ours.columns and c not in ("rn", "sushrg", "sushrg_trimmed", "procode3", "dishour")
    ]
    as_text = [pl.col(c).cast(pl.String) for c in columns]
    a, b = (t.select(as_text).sort(key + columns) for t in (source, ours))
    assert a.equals(b)


def same_counts(theirs, ours, keys, counts):
    """Tell whether two tables count the same by some columns, however their rows are split."""
    keys = keys.split()
    a, b = (
        t.group_by([pl.col(k).cast(pl.String) for k in keys])
        .agg([pl.col(c).cast(pl.Int64).sum() for c in counts])
        .sort(keys)
        for t in (theirs, ours)
    )
    return a.equals(b)


def test_contacts_come_back_too(made):
    tables = region_tables(1, SIZE)
    # Type and health group differ for specialty 191, which is medical to an extract.
    assert same_counts(
        pl.from_arrow(tables["op"]),
        table(made, "op"),
        "age sex group pod tretspef icb is_main_icb sitetret is_first has_procedures is_gp_ref "
        "is_cons_cons_ref demog_type",
        ["attendances", "tele_attendances"],
    )
    assert same_counts(
        pl.from_arrow(tables["aae"]),
        table(made, "aae"),
        "age sex pod hsagrp acuity attendance_category sitetret is_left_before_treatment "
        "is_low_cost_referred_or_discharged is_discharged_no_treatment",
        ["arrivals"],
    )


def test_every_row_is_somewhere(made):
    read = {(f["record"], f["file"]): f["rows_in"] for f in made.info["files"]}
    found = dict.fromkeys(read, 0)
    for line in made.info["accounting"]:
        found[line["record"], line["file"]] += line["rows"]
    assert found == read
    aside = pl.read_parquet(made.root / "set_aside.parquet")
    counted = sum(a["rows"] for a in made.info["accounting"] if a["reason"] != "kept")
    assert aside.height == counted > 0
    assert set(aside.columns) == {"record", "source_file", "source_row", "reason"}


def test_nothing_about_a_person_leaves_the_records(made):
    held = {p.name for p in made.root.rglob("*.parquet")}
    assert "set_aside.parquet" in held
    for path in made.root.rglob("*.parquet"):
        assert not {"person_id", "lsoa11", "lad", "ethnos"} & set(pl.read_parquet_schema(path))


def test_the_same_bytes_again_on_more_threads(region, made, tmp_path):
    again = extract_records(region, tmp_path / "again", threads=3)
    assert digest(again.root) == digest(made.root)


def test_the_same_tables_from_csv_with_other_names_and_dates(region, made, tmp_path):
    records = tmp_path / "csv"
    write_records(records, trusts=2, size=SIZE, years=(2022, 2023), format="csv")
    again = extract_records(records, tmp_path / "out")
    ours, theirs = digest(again.root), digest(made.root)
    for changed in ("extract.json", "set_aside.parquet"):
        del ours[changed], theirs[changed]
    assert ours == theirs


def test_a_region_is_the_same_again_and_a_trust_more_changes_no_other(region, tmp_path):
    write_records(tmp_path / "again", trusts=2, size=SIZE, years=(2022, 2023))
    assert digest(tmp_path / "again") == digest(region)
    write_records(tmp_path / "one", trusts=1, size=SIZE, years=(2022, 2023), seed=2)
    assert (
        digest(tmp_path / "one")["apc/DEMO-2023.parquet"]
        != (digest(region)["apc/DEMO-2023.parquet"])
    )
    codes = trust_codes(200)
    assert len(set(codes)) == 200
    assert codes[0] == "DEMO"


def test_people_are_made_up_and_come_again(region):
    """No row is a copy of another's, and no one has two beds or two birthdays at once."""
    spells = pl.concat(
        [pl.read_parquet(p) for p in sorted((region / "apc").glob("DEMO-*"))],
        how="diagonal_relaxed",
    )
    assert "made up" in (region / "made-up-region.txt").read_text()
    ours = spells.filter(
        (pl.col.spelend == "Y")
        & (pl.col.well_baby_ind == "N")
        & (pl.col.sex != "9")
        & (pl.col.epistat == "3")
    ).unique("epikey")
    born = ours.with_columns(
        year=pl.col.admidate.dt.year()
        - pl.when(pl.col.admiage > 7000).then(0).otherwise(pl.col.admiage)
    )
    people = born.group_by("person_id").agg(
        pl.len(), pl.col.sex.n_unique().alias("sexes"), pl.col.year.n_unique().alias("years")
    )
    assert people["sexes"].max() == people["years"].max() == 1
    assert people["len"].max() > 3
    assert people.height > 0.5 * ours.height


def test_tpmas_are_about_as_frequent_as_in_england(made):
    """At this size counts scatter; the page has the figures of a whole trust."""
    spells = table(made, "ip").height
    tags = pl.concat(
        [table(made, f"ip_{kind}_strategies") for kind in ("activity_avoidance", "efficiencies")]
    )
    share = dict(tags.group_by("strategy").agg(pl.col.sample_rate.sum() / spells).iter_rows())
    england = {
        r["strategy"]: r["share_of_spells"]
        for r in pl.read_parquet(made.root / "assumptions" / "tpma_trend.parquet")
        .filter((pl.col.procode3 == "England") & (pl.col.fyear == 2019))
        .iter_rows(named=True)
        if r["share_of_spells"]
    }
    common = {
        k: v for k, v in england.items() if v > 0.004 and not k.startswith(("day_", "general"))
    }
    assert len(common) > 20
    for key, published in common.items():
        assert 0.6 < share[key] / published < 1.6, key


def test_a_run_says_which_rules_tagged_its_spells(made, tmp_path):
    run = ac.run(
        {"name": "x", "runs": 2},
        ac.read_provider(made.root, "DEMO"),
        tmp_path / "run",
        years="horizon",
    )
    rules = made.info["rules"]
    assert run.info["tpma_rules"] == f"{rules['name']} {rules['version']} ({rules['sha256'][:12]})"


def test_a_rule_of_ones_own_reaches_the_projection(region, tmp_path):
    own = tmp_path / "rules"
    own.mkdir()
    (own / "ours.toml").write_text(
        '[[tpma]]\nkey = "own_weekend"\nkind = "activity_avoidance"\nactivity_type = "ip"\n'
        'says = "All emergencies."\nsource = "us"\nwhere = { admission = "emergency" }\n'
    )
    made = extract_records(region, tmp_path / "data", rules=own, providers=["DEMO"])
    run = ac.run(
        {"name": "x", "runs": 8, "activity_avoidance": {"ip": {"own_weekend": [0.4, 0.6]}}},
        made.root,
        tmp_path / "run",
        years="horizon",
    )
    assert "with changes" in run.info["tpma_rules"]
    row = run.summary(by=("pod", "measure"), where={"pod": "ip_non-elective_admission"})
    admissions = row.filter(pl.col.measure == "admissions").row(0, named=True)
    assert admissions["mean"] < 0.8 * admissions["baseline"]


def test_without_people_england_stands_in_and_it_is_said(region, tmp_path):
    records = tmp_path / "records"
    records.mkdir()
    shutil.copytree(region / "apc", records / "apc")
    made = extract_records(records, tmp_path / "data", providers=["DEMO"])
    assert any("growth by age is England's" in note for note in made.info["notes"])
    assert any("no inequality factors" in note for note in made.info["notes"])
    # Without contacts their tables are there and empty, and inpatients can be projected.
    assert table(made, "op").height == table(made, "aae").height == 0
    run = ac.run({"name": "x", "runs": 2}, made.root, tmp_path / "run", years="horizon")
    assert run.summary().height > 0


def test_refusals_leave_what_was_there(region, made, tmp_path):
    with pytest.raises(AcutecastError, match="an extract is there already"):
        extract_records(region, made.root)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    for work in (
        lambda: extract_records(region, tmp_path / "mine"),
        lambda: write_records(tmp_path / "mine", replace=True),
    ):
        with pytest.raises(AcutecastError, match="the folder has other files in it"):
            work()
    with pytest.raises(AcutecastError, match="Years: 2022, 2023") as fault:
        extract_records(region, tmp_path / "no", years=[2019], providers=["QQQ"])
    assert "no activity is of this provider" in str(fault.value)
    assert not (tmp_path / "no").exists()
    with pytest.raises(AcutecastError, match="size must be above 0"):
        write_records(tmp_path / "no", size=0, format="xls")
    assert json.loads((made.root / "extract.json").read_text()) == made.info


def test_suppressed_tables_hold_no_small_number(region, tmp_path):
    made = extract_records(region, tmp_path / "data", suppress=6, providers=["ZAA"])
    for name in ("tpma_age_sex", "tpma_diagnoses", "baseline_counts", "tpma_activity"):
        counts = pl.read_parquet(made.root / "assumptions" / f"{name}.parquet")["n"].drop_nulls()
        assert ((counts == 0) | (counts >= 6)).all()
    assert {row["key"] for row in facts.rows("tpmas")} >= set(
        pl.read_parquet(made.root / "assumptions" / "tpma_activity.parquet")["strategy"]
    )
