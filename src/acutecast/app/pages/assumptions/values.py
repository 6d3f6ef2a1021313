"""From a stored assumption to the fields of a row, and from what was typed there back again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acutecast.app.pages.assumptions.phrases import Phrase, number_text, read_number
from acutecast.errors import AcutecastError, Problem

Parts = dict[str, str]
"""What stands in the fields of a row, as text, by the field's name."""

QUANTILES = 5
"""How many quantiles the form has room for."""

KINDS = (
    ("normal", "From … to … (80% interval)"),
    ("point", "Certain"),
    ("triangular", "Triangular: lowest, most likely, highest"),
    ("pert", "PERT: like triangular, smoother"),
    ("uniform", "Anything between two limits"),
    ("truncated_normal", "80% interval, cut off at the valid range"),
    ("metalog", "Quantiles"),
)
"""The distributions, with the words that people choose among."""

PEAKED = ("triangular", "pert")
_BESIDE = ("profile", "reason")
"""What an assumption has beside its distribution."""

PROFILES = (
    ("", "As usual for this section"),
    ("linear", "Evenly, year by year"),
    ("front_loaded", "Early on"),
    ("back_loaded", "Late on"),
    ("s_curve", "Slowly, then fast, then slowly (S-curve)"),
    ("immediate", "At once"),
    ("step", "All in one year"),
    ("table", "By a table of years"),
)
"""The time profiles, with the words that people choose among."""


class Incomplete(Exception):
    """Something is still to be typed; nothing is wrong yet."""


def expanded(value: Any) -> dict[str, Any]:
    """Give the object form of a stored assumption; nothing for None."""
    from acutecast.scenario.shorthand import expand

    return {} if value is None else dict(expand(value))


def read_parts(phrase: Phrase, value: Any) -> Parts:
    """Give what stands in the fields for a stored assumption, or for none."""
    stated = expanded(value)
    parts = dict.fromkeys(("kind", "value", "low", "mode", "high", "reason"), "")
    parts |= {"kind": "normal", "profile": "", "year": "", "table": ""}
    for place in range(1, QUANTILES + 1):
        parts |= {f"chance{place}": "", f"quantile{place}": ""}
    if not stated:
        return parts
    kind = parts["kind"] = str(stated["distribution"])
    parts["reason"] = str(stated.get("reason", ""))
    parts |= _read_profile(stated.get("profile"))
    if kind == "point":
        parts["value"] = parts["low"] = parts["high"] = phrase.typed(stated["value"])
    elif kind == "metalog":
        # A quantile of the value is one of the change too, counted from the other end where a
        # greater change means a lower value.
        pairs = [
            (100 * (1 - float(p)) if phrase.falling else 100 * float(p), phrase.typed(x))
            for p, x in stated["quantiles"].items()
        ]
        for place, (chance, typed) in enumerate(sorted(pairs)[:QUANTILES], 1):
            parts |= {f"chance{place}": number_text(chance), f"quantile{place}": typed}
    else:
        ends = ("p10", "p90") if "p10" in stated else ("low", "high")
        first, last = reversed(ends) if phrase.falling else ends
        parts["low"], parts["high"] = phrase.typed(stated[first]), phrase.typed(stated[last])
        if kind in PEAKED:
            parts["mode"] = phrase.typed(stated["mode"])
    return parts


def _read_profile(profile: Any) -> Parts:
    if isinstance(profile, Mapping) and "step" in profile:
        return {"profile": "step", "year": str(profile["step"])}
    if isinstance(profile, Mapping) and "table" in profile:
        lines = [f"{year}: {number_text(100 * s)}%" for year, s in profile["table"].items()]
        return {"profile": "table", "table": "\n".join(lines)}
    return {"profile": str(profile or "")}


def write_value(
    phrase: Phrase,
    parts: Mapping[str, str],
    current: Any = None,
    span: tuple[int, int] | None = None,
) -> Any:
    """Give the assumption that the fields state; None where they are all empty.

    Args:
        phrase: how the fields put it.
        parts: what stands in the fields; those that are not there, or say what is stored, leave
            it as it is in `current`, to the last digit.
        current: what is stored now.
        span: the first and the last year that a time profile may name; any if None.

    Raises:
        AcutecastError: with every field that holds no usable number; `where` is its name.
        Incomplete: where a field is still to be filled, with what it is.
    """
    before = expanded(current)
    short = "kind" not in parts
    kind = parts.get("kind") or ""
    if short:
        kind = str(before.get("distribution", "normal"))
        kind = "normal" if kind == "point" else kind
    names = fields_of(kind)
    if before and _untouched(phrase, parts, current, kind, names):
        return _put(_distribution(before), before, parts, span)
    typed = {name: parts.get(name, "").strip() for name in names}
    if not any(typed.values()):
        if before and not short and kind != before["distribution"]:
            raise Incomplete("Write the values of this shape. Until then it stays as it was.")
        if parts.get("reason", "").strip() and not before:
            raise Incomplete("Write the change too: the reason is kept with it.")
        return None
    if kind == "metalog":
        _has_room(before)
    return _put(_written(phrase, kind, typed), before, parts, span)


def _untouched(
    phrase: Phrase, parts: Mapping[str, str], current: Any, kind: str, names: tuple[str, ...]
) -> bool:
    """Tell whether the fields of the value are closed, so not there, or say what is stored."""
    if not any(name in parts for name in names):
        return True
    shown = read_parts(phrase, current)
    return kind == shown["kind"] and all(parts.get(n, "").strip() == shown[n] for n in names)


def _distribution(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stated.items() if name not in _BESIDE}


def _has_room(before: Mapping[str, Any]) -> None:
    """Refuse to change quantiles of which the form shows only some: the others would be lost."""
    n = len(before.get("quantiles", ()))
    if n > QUANTILES:
        raise AcutecastError(
            Problem(
                f"this has {n} quantiles, and the form room for {QUANTILES}", "kind",
                remedy="Change them in the scenario's file, or choose another shape.",
            )
        )  # fmt: skip


def _put(
    stated: dict[str, Any],
    before: Mapping[str, Any],
    parts: Mapping[str, str],
    span: tuple[int, int] | None,
) -> Any:
    """Put time profile and reason beside a distribution; as short as files write it."""
    kept = {name: before[name] for name in _BESIDE if name in before}
    if "profile" in parts:
        kept.pop("profile", None)
        profile = _write_profile(parts, span)
        kept |= {"profile": profile} if profile else {}
    if "reason" in parts:
        kept["reason"] = parts["reason"].strip()
        kept = {name: value for name, value in kept.items() if value != ""}
    if kept or stated["distribution"] not in ("point", "normal"):
        return stated | kept
    return stated["value"] if stated["distribution"] == "point" else [stated["p10"], stated["p90"]]


def fields_of(kind: str) -> tuple[str, ...]:
    """Give the fields that a distribution needs."""
    if kind == "point":
        return ("value",)
    if kind == "metalog":
        places = range(1, QUANTILES + 1)
        return tuple(name for i in places for name in (f"chance{i}", f"quantile{i}"))
    return ("low", "mode", "high") if kind in PEAKED else ("low", "high")


def _written(phrase: Phrase, kind: str, typed: Mapping[str, str]) -> dict[str, Any]:
    if kind == "metalog":
        return {"distribution": kind, "quantiles": _write_quantiles(phrase, typed)}
    missing = [name for name, text in typed.items() if not text]
    if missing:
        wanted = {"mode": "the most likely value", "value": "the value"}.get(
            missing[0], f"the other limit ({(phrase.least, phrase.most)[missing[0] == 'high']})"
        )
        raise Incomplete(f"Write {wanted} too; nothing is stored yet.")
    numbers, problems = _numbers(phrase, typed)
    if problems:
        raise AcutecastError(problems)
    if kind == "point":
        return {"distribution": kind, "value": phrase.value(numbers["value"])}
    low, high = numbers["low"], numbers["high"]
    if low > high:
        raise AcutecastError(
            Problem(
                f"{phrase.least.lower()} {number_text(low)} is above {phrase.most.lower()} "
                f"{number_text(high)}",
                "low",
                remedy="Swap the two.",
            )
        )
    if low == high and kind in ("normal", "truncated_normal", "uniform"):
        return {"distribution": "point", "value": phrase.value(low)}
    if kind in PEAKED and not low <= numbers["mode"] <= high:
        raise AcutecastError(
            Problem(
                f"{number_text(numbers['mode'])} does not lie between {number_text(low)} and "
                f"{number_text(high)}",
                "mode",
                remedy="Write a most likely value between the two.",
            )
        )
    first, last = phrase.value(low), phrase.value(high)
    if phrase.falling:
        first, last = last, first
    ends = ("low", "high") if kind in (*PEAKED, "uniform") else ("p10", "p90")
    stated: dict[str, Any] = {"distribution": kind, ends[0]: first, ends[1]: last}
    if kind in PEAKED:
        stated["mode"] = phrase.value(numbers["mode"])
    return stated


def _numbers(phrase: Phrase, typed: Mapping[str, str]) -> tuple[dict[str, float], list[Problem]]:
    numbers, problems = {}, []
    for name, text in typed.items():
        try:
            number = numbers[name] = read_number(text, name)
        except AcutecastError as error:
            problems += error.problems
            continue
        if not phrase.low <= number <= phrase.high:
            problems.append(
                Problem(
                    f"{number_text(number)} lies outside {number_text(phrase.low)} to "
                    f"{number_text(phrase.high)}",
                    name,
                    remedy=phrase.outside,
                )
            )
    return numbers, problems


def _write_quantiles(phrase: Phrase, typed: Mapping[str, str]) -> dict[str, float]:
    quantiles: dict[float, float] = {}
    for place in range(1, QUANTILES + 1):
        chance, text = typed[f"chance{place}"], typed[f"quantile{place}"]
        if not chance and not text:
            continue
        if not chance or not text:
            raise Incomplete("Write both the chance and the change.")
        numbers, problems = _numbers(phrase, {f"quantile{place}": text})
        share = read_number(chance, f"chance{place}")
        if not 0 < share < 100:
            problems.append(
                Problem(
                    f"{number_text(share)}% is not a chance", f"chance{place}",
                    remedy="Write a percentage above 0 and below 100.",
                )
            )  # fmt: skip
        if problems:
            raise AcutecastError(problems)
        probability = 1 - share / 100 if phrase.falling else share / 100
        quantiles[round(probability, 10)] = phrase.value(numbers[f"quantile{place}"])
    if len(quantiles) < 3:
        raise Incomplete("Write three or more quantiles.")
    return {f"{p:.10g}": quantiles[p] for p in sorted(quantiles)}


def _write_profile(parts: Mapping[str, str], span: tuple[int, int] | None) -> Any:
    shape = parts["profile"]
    if shape == "step":
        text = parts.get("year", "").strip()
        if not text:
            raise Incomplete("Write the year in which it comes.")
        return {"step": _year(text, "year", span)}
    if shape == "table":
        lines = parts.get("table", "").replace(";", "\n").splitlines()
        table: dict[str, float] = {}
        for line in filter(None, (line.strip() for line in lines)):
            year, _, share = line.replace("=", ":").partition(":")
            table[str(_year(year, "table", span))] = round(read_number(share, "table") / 100, 10)
        if not table:
            raise Incomplete("Write a year and a percentage in each line, such as 2030: 40%.")
        return {"table": table}
    return shape or None


def _year(text: str, where: str, span: tuple[int, int] | None) -> int:
    year = int(read_number(text, where))
    first, last = span or (1000, 2999)
    if not first <= year <= last:
        raise AcutecastError(
            Problem(
                f"{year} lies outside {first} to {last}", where,
                remedy="Write a year between the baseline and the horizon.",
            )
        )  # fmt: skip
    return year
