"""What tests ask of folders."""

import hashlib
from pathlib import Path


def digests(folder: str | Path) -> dict[str, str]:
    """Give the digest of every file by its path in the folder, but those that hold times."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.name != "timings.json"
    }
