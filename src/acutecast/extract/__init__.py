"""From a hospital's own records to provider tables, offline."""

from acutecast.extract.pipeline import Extracted, extract_records, opened_records
from acutecast.extract.rules import Rule, RuleSet, read_rules

__all__ = [
    "Extracted",
    "Rule",
    "RuleSet",
    "extract_records",
    "opened_records",
    "read_rules",
]
