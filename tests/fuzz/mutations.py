"""Damage to files, keyed by name: the same name gives the same damage.

Every mutation takes the bytes of a good file and a source of chance, and gives bytes. Those of
`TEXT` know what values look like in JSON, TOML and CSV; those of `PARQUET` change the table itself.
"""

import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from acutecast.untrusted import ARCHIVE_ERRORS

Mutation = Callable[[bytes, random.Random], bytes]

# Values that some reader somewhere does not expect, as JSON, TOML and CSV write them.
EXTREMES = (
    "NaN", "nan", "Infinity", "-inf", "1e400", "-1e400", "1e308", "99999999999999999999",
    "-9223372036854775809", "0", "-0.0", "-1", "1.5", "true", "null", '""', '"x"', '"\\u0000"',
    '"\\ud800"', '"../../../x"', '"A\'B"', '"*"', '"[("', "[]", "{}", "[[]]", '["x", 3]',
    '{"x" = 1}', '{"x": 1}', "[1, 2, 3]", "2023-02-30", "1979-05-27T07:32:00Z", "01/13/2023",
    "9" * 5000, '"' + "x" * 70_000 + '"', "[" * 60 + "]" * 60, "[" * 100_000 + "]" * 100_000,
    '{"a":' * 3000 + "1" + "}" * 3000, "", "٣", "１２", "=cmd()", "NULL",
)  # fmt: skip
_TOKEN = re.compile(
    rb'"(?:[^"\\\n]|\\.)*"|-?\b\d[\d.eE+-]*\b|\btrue\b|\bfalse\b|\bnull\b|[^,;\n"]+'
)
_PLAIN = (
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    {},
    [[]],
    [1, "x"],
)


def _at(content: bytes, chance: random.Random) -> int:
    return chance.randrange(len(content) + 1)


def flip(content: bytes, chance: random.Random) -> bytes:
    """Turn round a few bits."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    """Leave out the end, the beginning or a piece; sometimes all."""
    a, b = sorted((_at(content, chance), _at(content, chance)))
    return chance.choice((content[:a], content[b:], content[:a] + content[b:], b""))


def splice(content: bytes, chance: random.Random) -> bytes:
    """Copy one piece over another."""
    a, b = sorted((_at(content, chance), _at(content, chance)))
    to = _at(content, chance)
    return content[:to] + content[a : min(b, a + 5000)] + content[to:]


def insert(content: bytes, chance: random.Random) -> bytes:
    """Put in bytes that text does not have."""
    odd = chance.choice(
        (b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n\r\n", b'"', b"\xc3", b"\x1a",
         "‮".encode(), b"\0" * 4096, b",,,,,,", b"'", b"\\")
    )  # fmt: skip
    to = _at(content, chance)
    return content[:to] + odd + content[to:]


def encoded(content: bytes, chance: random.Random) -> bytes:
    """Save it in another encoding, sometimes cut in the middle of a character."""
    text = content.decode("utf-8", errors="replace") + chance.choice(("", "é", "€"))
    kind = chance.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig")
    )
    changed = text.encode(kind, errors="replace")
    return changed[: chance.choice((len(changed), len(changed) // 2, len(changed) // 2 + 1))]


def value(content: bytes, chance: random.Random) -> bytes:
    """Put something extreme in the place of a value, a name or a cell."""
    found = list(_TOKEN.finditer(content[:400_000]))
    if not found:
        return content
    changed = content
    for at in sorted(
        chance.sample(found, min(len(found), chance.choice((1, 1, 2)))), key=lambda m: -m.start()
    ):
        changed = changed[: at.start()] + chance.choice(EXTREMES).encode() + changed[at.end() :]
    return changed


def line(content: bytes, chance: random.Random) -> bytes:
    """Double, drop or swap lines; headers and keys are lines too."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    i, j = chance.randrange(len(lines)), chance.randrange(min(len(lines), 5))
    kind = chance.choice(("double", "drop", "swap", "first"))
    if kind == "double":
        lines.insert(i, lines[i])
    elif kind == "drop":
        del lines[i if chance.random() < 0.5 else j]
    elif kind == "first":
        lines.insert(i, lines[0])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    return b"".join(lines)


def columns(content: bytes, chance: random.Random) -> bytes:
    """Change the delimiter, the line ends or the number of cells."""
    old, new = chance.choice(
        ((b",", b";"), (b",", b"\t"), (b"\n", b"\r\n"), (b"\n", b"\r"), (b",", b""), (b'"', b""),
         (b",", b",,"), (b"\n", b",\n"), (b":", b"="), (b"=", b":"))
    )  # fmt: skip
    return content.replace(old, new, chance.choice((-1, 1, 7)))


def tree(content: bytes, chance: random.Random) -> bytes:
    """Swap types, drop, double or nest keys of parsed JSON; other text becomes a value of it."""
    try:
        parsed = json.loads(content)
    except ValueError:
        return json.dumps(content.decode("utf-8", errors="replace")).encode()
    places = list(_places(parsed))
    if not places:
        return content
    for _ in range(chance.choice((1, 1, 3))):
        holder, key = chance.choice(places)
        with suppress(KeyError, IndexError):
            kind = chance.choice(("plain", "plain", "drop", "nest", "other", "key"))
            if kind == "plain":
                holder[key] = chance.choice(_PLAIN)
            elif kind == "drop":
                del holder[key]
            elif kind == "nest":
                holder[key] = {"x": holder[key]} if chance.random() < 0.5 else [holder[key]] * 3
            elif kind == "other":
                there, name = chance.choice(places)
                holder[key] = json.loads(json.dumps(there[name]))
            elif isinstance(holder, dict):
                holder[chance.choice(("", "x", "é", "a" * 1000, "../x"))] = holder.pop(key)
    return json.dumps(parsed).encode()


def _places(node: object):
    if isinstance(node, dict | list):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from _places(node[key])


def table(content: bytes, chance: random.Random) -> bytes:
    """Change the type, the name or the values of a column of a Parquet file, or its rows."""
    found = pq.read_table(io.BytesIO(content))
    i = chance.randrange(found.num_columns)
    name, rows = found.column_names[i], found.num_rows
    odd: Sequence[pa.Array] = (
        pa.array(["x"] * rows), pa.array([b"\xff\xfe"] * rows, pa.binary()), pa.nulls(rows),
        pa.array([float("nan")] * rows), pa.array([float("inf")] * rows),
        pa.array([2**63 - 1] * rows), pa.array([-1] * rows), pa.array([[1]] * rows),
        pa.array([{"x": 1}] * rows),
        pa.array([True] * rows), pa.array([0] * rows, pa.timestamp("us")),
        pa.array([0] * rows, pa.date32()), pa.array(["1"] * rows).dictionary_encode(),
        pa.array([1] * rows, pa.decimal128(38, 10)), pa.array(["\0"] * rows),
    )  # fmt: skip
    kind = chance.choice(("odd", "odd", "odd", "drop", "name", "double", "none", "twice"))
    if kind == "odd":
        found = found.set_column(i, name, chance.choice(odd))
    elif kind == "drop":
        found = found.remove_column(i)
    elif kind == "name":
        names = list(found.column_names)
        names[i] = chance.choice(("", "x", name.upper(), names[0]))
        found = found.rename_columns(names)
    elif kind == "double":
        found = found.append_column(name, found.column(i))
    elif kind == "none":
        found = found.slice(0, 0)
    else:
        found = pa.concat_tables([found, found])
    written = io.BytesIO()
    pq.write_table(found, written)
    return written.getvalue()


def member(content: bytes, chance: random.Random) -> bytes:
    """Damage one member of a zip archive, a workbook's sheets included."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        names = old.namelist()
        hurt = chance.choice(names)
        for name in names:
            inner = old.read(name)
            if name == hurt:
                inner = chance.choice((flip, cut, splice, insert, value, line, encoded))(
                    inner, chance
                )
            new.writestr("../" * 3 + name if chance.random() < 0.05 else name, inner)
    return written.getvalue()


BYTES: tuple[Mutation, ...] = (flip, cut, splice, insert)
TEXT: tuple[Mutation, ...] = (*BYTES, encoded, value, value, value, line, columns)
JSON: tuple[Mutation, ...] = (*TEXT, tree, tree, tree)
PARQUET: tuple[Mutation, ...] = (*BYTES, table, table, table, table)
ZIP: tuple[Mutation, ...] = (*BYTES, member, member, member)


def mutated(content: bytes, mutations: Sequence[Mutation], name: str) -> bytes:
    """Give a file damaged once, or twice in a row, as its name says."""
    chance = random.Random(name)
    for _ in range(chance.choice((1, 1, 1, 2))):
        # What was damaged before may be beyond more damage of its own kind.
        with suppress(pa.ArrowException, *ARCHIVE_ERRORS):
            content = chance.choice(mutations)(content, chance)
    return content
