"""Run in the place of a kernel: ends as its first argument says, or stays with a child of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time


def main(how: str) -> None:
    match how:
        case "stay":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print(subprocess.Popen(["sleep", "600"]).pid, flush=True)
            time.sleep(600)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(int(how))


if __name__ == "__main__":
    main(sys.argv[1])
