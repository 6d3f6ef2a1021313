"""The tables that describe one provider's baseline year: contract, reading, checking, writing."""

from acutecast.provider.check import check_provider
from acutecast.provider.conform import conform
from acutecast.provider.contract import TABLES, Column, columns_of, contract
from acutecast.provider.describe import describe_provider
from acutecast.provider.provider import Provider
from acutecast.provider.read import list_providers, read_provider
from acutecast.provider.write import write_provider

__all__ = [
    "TABLES",
    "Column",
    "Provider",
    "check_provider",
    "columns_of",
    "conform",
    "contract",
    "describe_provider",
    "list_providers",
    "read_provider",
    "write_provider",
]
