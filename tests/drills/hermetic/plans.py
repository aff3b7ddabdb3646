"""Plan once in each of several shells, inside one rehearsal cloud: they come as JSON on standard input, by name.

Each is {"command": …, "environment": …}; what came of each is printed as {"code": …, "out": …, "err": …}.
"""

from __future__ import annotations

import json
import subprocess
import sys

from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served


def main() -> None:
    """Plan in all of them, one after the other: a plan changes nothing, so that each finds the same world."""
    ended = {}
    with Served("healthy") as cloud:
        for name, shell in json.load(sys.stdin).items():
            inside = applied(cloud.environment(), shell["environment"])
            done = subprocess.run(shell["command"], env=inside, capture_output=True, text=True, timeout=280)
            ended[name] = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
    json.dump(ended, sys.stdout)


if __name__ == "__main__":
    main()
