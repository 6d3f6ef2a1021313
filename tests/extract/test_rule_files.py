"""Rule files as anyone might write them: what is wrong is said, with file and key, and no more."""

import random
from pathlib import Path

import pytest

from acutecast.errors import AcutecastError
from acutecast.extract import vocabulary
from acutecast.extract.contacts import tag_contacts
from acutecast.extract.rule_values import fits, shortened, unreadable
from acutecast.extract.rules import RuleSet, read_rules
from acutecast.extract.tagging import tag_spells
from extract.small_records import RULES, derived, write

BUILT_IN = Path(__file__).parents[2] / "src" / "acutecast" / "extract" / "rules"
DIGITS = "1" * 20


def own(folder: Path, where: str, key: str = "own_x") -> Path:
    """Write a rule file with one TPMA of inpatients."""
    folder.mkdir(exist_ok=True)
    (folder / "ours.toml").write_text(
        f'[[tpma]]\nkey = "{key}"\nkind = "efficiencies"\nactivity_type = "ip"\n'
        f'says = "x"\nwhere = {{ {where} }}\n'
    )
    return folder


def try_out(rules: RuleSet, folder: Path) -> None:
    """Tag a few records of each kind with a rule set."""
    for record in ("apc", "opa", "ecds"):
        write(folder / "records", record, {}, {"sex": 2})
    con = derived(folder / "records", folder / "scratch", rules)
    tag_spells(con, rules)
    tag_contacts(con, rules)
    con.close()


WRONG = [
    'admission = "sometimes"',
    'admission = ["emergency"]',
    "discharge = { a = 1 }",
    "age = [1, 2, 3]",
    'age = ["1", "2"]',
    "age = [true, true]",
    "age = [-5, 5]",
    f"age = [0, {DIGITS}]",
    f"nights = [{DIGITS}, {DIGITS}]",
    f"readmitted_within = {DIGITS}",
    "readmitted_within = true",
    "readmitted_within = 28.0",
    f"days_to_procedure = {DIGITS}",
    "sex = true",
    "sex = 1.0",
    'procedures = ["none"]',
    "operation = 1",
    "patient_class = []",
    'patient_class = [["1"]]',
    "any_diagnosis = []",
    "any_diagnosis = 1979-05-27",
    'any_diagnosis = ""',
    'any_diagnosis = "W[01"',
    'any_diagnosis = "a)|(b"',
    'any_diagnosis = "(?=W)"',
    'any_diagnosis = "(W)\\\\1"',
    'any_diagnosis = "W\\\\Z"',
    'any_diagnosis = "W*+"',
    'any_diagnosis = "W\\u0000"',
    'any_diagnosis = "W{1001}"',
    'any_diagnosis = "((W{20}){20}){20}"',
    f'any_diagnosis = "{"(" * 3000}W{")" * 3000}"',
    f'any_diagnosis = "{"(" * 40}W{")" * 40}"',
    f'any_diagnosis = "{"W|" * 600}W"',
    f"any_diagnosis = [{'0, ' * 60}]".replace("0", '"W"'),
    'hrg = ["AA", 5]',
    'frailty = "frailty_weights.csv"',
    "frailty = { weights = 5, above = 15 }",
    'frailty = { weights = ["frailty_weights.csv"], above = 15 }',
    f'frailty = {{ weights = "frailty_weights.csv", years = {DIGITS}, above = 15 }}',
    'frailty = { weights = "frailty_weights.csv", above = nan }',
    'frailty = { weights = "frailty_weights.csv", above = "15" }',
    'frailty = { weights = "frailty_weights.csv", score = 5 }',
    'frailty = { weights = "frailty_weights.csv", score = [inf, inf] }',
    'frailty = { weights = "frailty_weights.csv", above = 15, since = 2 }',
    'frailty = { weights = "../frailty_weights.csv", above = 15 }',
    'over_trim_point = { table = ["trim_points.csv"], column = "elective" }',
    'over_trim_point = { table = "trim_points.csv" }',
    'ambulatory = { table = 1, potential = "low" }',
    'ambulatory = { table = "ambulatory_conditions.csv" }',
    'day_procedure = { setting = "day case", over = "0.5" }',
    'day_procedure = { setting = "day case", over = 0.5, p = "x" }',
    f'day_procedure = {{ setting = "day case", over = 0.5, least = {DIGITS} }}',
    "day_procedure = { list = 5 }",
    'day_procedure = { list = "frailty_weights.csv" }',
]


def test_values_that_conditions_cannot_have_are_all_said_with_file_and_key(tmp_path):
    text = "".join(
        f'[[tpma]]\nkey = "own_{i}"\nkind = "efficiencies"\nactivity_type = "ip"\n'
        f'says = "x"\nwhere = {{ {where} }}\n'
        for i, where in enumerate(WRONG)
    )
    (tmp_path / "ours.toml").write_text(text)
    with pytest.raises(AcutecastError) as fault:
        read_rules(tmp_path)
    place = f"{tmp_path}/ours.toml: own_"
    found = [p.where.removeprefix(place).split(":")[0] for p in fault.value.problems]
    assert sorted(found, key=int) == [str(i) for i in range(len(WRONG))]
    assert all(len(str(problem)) < 2_000 for problem in fault.value.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 5_000, "not TOML"),
        ("x = " + "{a=" * 5_000, "not TOML"),
        ("x = " + "1" * 5_000, "not TOML"),
        ("tpma = 5", "tpma must be a list of tables"),
        ("tpma = [1, 2]", "tpma must be a list of tables"),
        ("[[tpma]]\nkey = 5", "key has a value that it cannot have"),
        ('[[tpma]]\nkey = "smoking"\nwhere = "all"', "where has a value that it cannot have"),
        ('[[tpma]]\nkey = "smoking"\nwhere = [1]', "where has a value that it cannot have"),
        ('[[tpma]]\nkey = "smoking"\nany = { age = 5 }', "any must be a list of tables"),
        ('[[tpma]]\nkey = "smoking"\nsays = ["x"]', "says has a value that it cannot have"),
        ('[[tpma]]\nkey = "smoking"\nkind = ["efficiencies"]', "needs its kind"),
        ('[[tpma]]\nkey = "smoking"\nactivity_type = ["ip"]', "needs its activity_type"),
        ('[[tpma]]\nkey = "smoking"\nsays = "x"\nfraction = "a.csv"', "fraction has a value"),
        ('[[tpma]]\nkey = "smoking"\nmade_by_projection = "no"', "made_by_projection has a value"),
        ('[[tpma]]\nkey = "followup_reduction_adult_surgical"\nper = 5', "per has a value"),
        ('[[flag]]\nname = "is_ambulance"\non = ["ecds"]', "on has a value"),
        ('[[flag]]\nname = "x; DROP TABLE spells"\non = "ecds"', "there is no such flag"),
        ('[[flag]]\nname = "is_ambulance"\non = "moon"', "there is no such flag"),
        (
            '[[flag]]\nname = "is_frequent_attender"\non = "ecds"\n'
            'where.attendances_before = { category = "1", at_least = 3, days = '
            f"{DIGITS} }}",
            "attendances_before has a value",
        ),
        (
            '[[flag]]\nname = "is_first"\nwhere = { face_to_face = "yes" }\non = "opa"',
            "face_to_face has a value that it cannot have",
        ),
        (
            '[[flag]]\nname = "is_first"\nwhere = { refsourc = true }\non = "opa"',
            "refsourc has a value that it cannot have",
        ),
        (
            '[[flag]]\nname = "is_first"\nwhere = { refsourc = { matches = "\\\\1" } }\non = "opa"',
            "a pattern cannot be read",
        ),
    ],
)
def test_a_file_of_the_wrong_shape_is_said(tmp_path, text, said):
    (tmp_path / "ours.toml").write_text(text)
    with pytest.raises(AcutecastError) as fault:
        read_rules(tmp_path)
    assert said in str(fault.value)
    assert all(p.where.startswith(f"{tmp_path}/ours.toml") for p in fault.value.problems)
    assert len(str(fault.value)) < 5_000


@pytest.mark.parametrize(
    "key", ["own_a/b", "own_a'b", 'own_a\\"b', "own_ä", "own_", "own_" + "a" * 99]
)
def test_a_key_that_could_be_taken_for_something_else_is_refused(tmp_path, key):
    with pytest.raises(AcutecastError, match="letters, digits, - and _"):
        read_rules(own(tmp_path, "", key))


TABLES = [
    ("frailty_weights.csv", "code,weight\nF00,inf\nF01,1e99\n", "weight is no number (2 rows"),
    ("trim_points.csv", "sushrg,elective,emergency\nAA,²,5 days\n", "is no trim point (1 row"),
    ("trim_points.csv", f"sushrg,elective,emergency\nAA,{DIGITS},\n", "is no trim point (1 row"),
    ("ambulatory_conditions.csv", "potential,hrg,diagnosis\nlow,A[,I\n", "cannot be read"),
    ("ambulatory_conditions.csv", "potential,hrg,diagnosis\nlow,(?=A),I\n", "hrg is no pattern"),
    (
        "attributable_fractions.csv",
        "source,position,pattern,fraction,sex,age_from\nsmoking,first,F,0.5,x,young\n",
        "age_from is no age (1 row",
    ),
    ("frailty_weights.csv", "code,weight\nF00,1,2\nF01\n", "more or fewer cells than the header"),
    ("frailty_weights.csv", 'code,weight\n"' + "F" * 200_000 + '",1\n', "the table is not CSV"),
]


@pytest.mark.parametrize(("name", "text", "said"), TABLES)
def test_cells_of_tables_are_checked(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(AcutecastError) as fault:
        read_rules(tmp_path)
    assert said in str(fault.value)


def test_files_that_cannot_be_read_are_said_at_once(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "long.toml").write_text("#" * 1_000_001)
    with pytest.raises(AcutecastError) as fault:
        read_rules(tmp_path)
    found = {Path(p.where).name: p.what for p in fault.value.problems}
    assert set(found) == {"folder.toml", "gone.csv", "long.toml"}
    assert found["long.toml"] == "the file is larger than rules are"


def test_every_column_that_a_rule_may_ask_for_can_be_asked(tmp_path):
    (tmp_path / "rules").mkdir()
    for activity, key in (
        ("op", "followup_reduction_adult_surgical"),
        ("aae", "left_before_seen_adult_walk-in"),
    ):
        columns = vocabulary._contact_columns(activity)
        where = ", ".join(f"{c} = {'true' if k == 'bool' else 1}" for c, k in columns.items())
        (tmp_path / "rules" / f"{activity}.toml").write_text(
            f'[[tpma]]\nkey = "{key}"\nsays = "x"\nwhere = {{ {where} }}\n'
            f"per = {{ age = {{ matches = '4.' }} }}\n"
        )
    try_out(read_rules(tmp_path / "rules"), tmp_path)


def test_two_tables_of_weights_never_share_their_scores(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a-b.csv").write_text("code,weight\nS72,20\n")
    (rules / "a_b.csv").write_text("code,weight\nS72,1\n")
    (rules / "ours.toml").write_text(
        "".join(
            f'[[tpma]]\nkey = "own_{i}"\nkind = "efficiencies"\nactivity_type = "ip"\nsays = "x"\n'
            f'where = {{ frailty = {{ weights = "{name}.csv", above = 15 }} }}\n'
            for i, name in enumerate(("a-b", "a_b"))
        )
    )
    held = read_rules(rules)
    write(tmp_path / "records", "apc", {})
    con = derived(tmp_path / "records", tmp_path / "scratch", held)
    tag_spells(con, held)
    sql = "SELECT strategy FROM tags WHERE strategy LIKE 'own_%'"
    assert con.sql(sql).fetchall() == [("own_0",)]


def test_values_that_are_right_stay_right():
    assert fits("nights", [1, 9999])
    assert fits("frailty", {"weights": "w.csv", "score": [5, 15.5]})
    assert fits("any_diagnosis", ["W[01]", "(?:A|B)$"])
    assert shortened("a\nb") == "a?b"
    found = [
        pattern
        for rule in RULES.rules.values()
        for conditions in (rule.where, *rule.any, rule.per or {})
        for _, pattern in vocabulary.patterns_of(conditions, rule.activity_type)
    ]
    found += [
        pattern
        for _, pattern in vocabulary.patterns_of_tables([*RULES.rules.values()], RULES.tables)
    ]
    assert len(found) > 300
    assert unreadable(found) == set()


VALUES = [
    "5", DIGITS, "-1", "1.5", "nan", "true", '"x"', "[]", "{}", "1979-05-27", "[[1]]", '["(", "a"]',
    '"' + "(" * 200 + '"', '"\'; DROP TABLE spells; --"', "{ matches = 5 }", "{ a = { b = 1 } }",
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """Change a rule file in a few places: values, lines and characters."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 2)):
        i = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0 if "=" in lines[i]:
                name, _, rest = lines[i].partition("=")
                inner = rest.find("= ") if chance.random() < 0.6 else -1
                value = chance.choice(VALUES)
                close = " }" if inner >= 0 else ""
                lines[i] = f"{name}={rest[: inner + 1] if inner >= 0 else ''} {value}{close}"
            case 1:
                lines[i] = lines[chance.randrange(len(lines))]
            case 2:
                del lines[i]
            case 3:
                at = chance.randrange(len(lines[i]) + 1)
                lines[i] = lines[i][:at] + chance.choice("\"'[]{}()=,|\\0é\x00") + lines[i][at:]
            case _:
                lines[i] = lines[i].replace(chance.choice('[({"=_'), "", 1)
        if not lines:
            break
    return "\n".join(lines)


def fuzz(tmp_path: Path, seeds: range) -> tuple[int, int]:
    """Read mutated rule files and use those that are read; give how many were refused and used."""
    families = sorted(BUILT_IN.glob("*.toml"))
    refused = used = 0
    elsewhere: list[str] = []
    for seed in seeds:
        chance = random.Random(seed)
        family = chance.choice(families)
        folder = tmp_path / str(seed)
        folder.mkdir()
        text = mutated(family.read_text(encoding="utf-8"), chance)
        (folder / family.name).write_text(text, encoding="utf-8")
        try:
            rules = read_rules(folder)
        except AcutecastError as fault:
            refused += 1
            elsewhere += [str(p) for p in fault.problems if str(folder) not in p.where]
            continue
        if rules.digest != RULES.digest:
            used += 1
            try_out(rules, folder)
    assert elsewhere == []
    return refused, used


def test_mutated_rule_files_are_refused_in_words_or_can_be_used(tmp_path):
    refused, used = fuzz(tmp_path, range(16))
    assert refused > 3
    assert used > 0


@pytest.mark.long
def test_many_mutated_rule_files(tmp_path):
    refused, used = fuzz(tmp_path, range(1_000, 1_300))
    assert refused > 60
    assert used > 60
