"""A process that runs commands of the suite it stands in, each in a fork of itself: `python -m tests.drills.forking`.

What the first command imported of other people's libraries is imported here after it, so that no later one waits for
that again; of the suite's own code nothing is, so that each command reads it as it is then. Orders come as JSON lines:
{"module": …, "arguments": […], "told": the file that gets what is printed}; each is answered with {"code": …}, which is
null for a command that did not come to an end.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.drills.crash.children import Child, warm

MOST_SECONDS = 600.0
LIBRARIES = {
    "anthropic", "anyio", "azure", "click", "cryptography", "httpx", "kiota_abstractions", "msal", "msgraph", "msgraph_core",
    "nbformat", "opentelemetry", "papermill", "pydantic", "requests", "yaml",
}  # fmt: skip
"""Those that take long to import, by their top-level name."""


def run(module: str, arguments: Sequence[str]) -> Any:
    """`python -m MODULE ARGUMENTS`, in this process: its exit code, and the libraries that it took."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = [module, *arguments]
    code: Any = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code or 0
    return {
        "code": code if isinstance(code, int) else 1,
        "modules": [name for name in sys.modules if name.split(".")[0] in LIBRARIES],
    }


def main() -> None:
    """Take orders until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        try:
            with Child(partial(run, order["module"], order["arguments"]), Path(order["told"])) as child:
                said = child.result(MOST_SECONDS)
        except RuntimeError as error:  # it hung, or was killed: the next one is run all the same
            print(json.dumps({"code": None, "why": str(error).splitlines()[0]}), flush=True)
            continue
        warm(said["modules"])
        print(json.dumps({"code": said["code"]}), flush=True)


if __name__ == "__main__":
    main()
