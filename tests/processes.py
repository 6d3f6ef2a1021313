"""Python processes that tests begin, and kill."""

import os
import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def process(code, *args, tmp):
    """Start Python on some code in a temporary folder of ours; give it once it says something."""
    env = os.environ | {"TMPDIR": str(tmp)}
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()
        yield child
    finally:
        child.kill()
        child.communicate()


def killed(code, *args, tmp):
    with process(code, *args, tmp=tmp) as child:
        child.kill()
        child.wait()
