"""How long one onboarding takes, four ways, each against a fresh rehearsal cloud; prints a Markdown table.

`python benchmarks/one_run.py [ROUNDS] [--lag]` (5). With `--lag` the cloud takes a second or two, as rehearsals do,
until it knows everywhere what was changed; without, none. The ways take turns, so that what else the machine does meets
all of them. `CMEK_AZ` names an Azure CLI to compare with; without it that way is left out.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.headless.notebooks import STEPS  # noqa: E402
from helpers.rehearsal.environment import applied  # noqa: E402
from helpers.rehearsal.serve import Served  # noqa: E402

FILE = "parameters/rehearsal.yaml"
PAPERMILL, AZ = "papermill, five command lines", "`az login` and the guide's six az commands"
APPROVE = """
from pathlib import Path
from helpers import parameters
from helpers.headless.run import approve_as_rehearsal
from helpers.record.runs import Run, home, project_root
from helpers.services.connect import connect
given = parameters.load(project_root() / "parameters" / "rehearsal.yaml")
approve_as_rehearsal(connect(given, root=project_root(), say=print), given, Run(home()))
"""
"""Done before the clock starts: in every way the attaching has its approval."""
GUIDE = """
set -eu
az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"
az ad sp create --id 8635ae1a-3e5d-44e8-a4ed-e0f614466f87
principal=$(az ad sp show --id 8635ae1a-3e5d-44e8-a4ed-e0f614466f87 --query id -o tsv)
az keyvault key create --vault-name kv-contoso-claude --name claude-cmek --kty RSA --size 3072 --ops wrapKey unwrapKey
VAULT_ID=$(az keyvault show --name kv-contoso-claude --query id -o tsv)
az role assignment create --role "Key Vault Crypto User" --assignee-object-id "$principal" \\
  --assignee-principal-type ServicePrincipal --scope "${VAULT_ID}/keys/claude-cmek"
az keyvault show --name kv-contoso-claude --query "{rbac:properties.enableRbacAuthorization, \\
  purge:properties.enablePurgeProtection, pub:properties.publicNetworkAccess, uri:properties.vaultUri}"
"""
"""Azure's half of the onboarding only: registering and attaching are the Console's or the Admin API's."""

Commands = Callable[[Path], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Took:
    """Seconds by the clock and of the processors, all processes of the commands together."""

    wall: float
    cpu: float


def helpers(*arguments: str) -> list[str]:
    """A command of the suite, without what runbook.py adds: whether everything is set up."""
    return [sys.executable, "-P", "-m", "helpers.cli", *arguments]


def papermill(folder: Path) -> list[list[str]]:
    """As anybody would execute the five notebooks: one command line each."""
    options = ["-f", FILE, "--no-progress-bar"]
    return [
        [sys.executable, "-m", "papermill", f"notebooks/{step}.ipynb", str(folder / f"{step}.ipynb"), *options]
        for step in STEPS
    ]


WAYS: dict[str, Commands] = {
    PAPERMILL: papermill,
    "`run --kernel-start spawn`": lambda _: [helpers("run", "-f", FILE, "--kernel-start", "spawn")],
    "`run` (fork)": lambda _: [helpers("run", "-f", FILE)],
    AZ: lambda _: [["bash", "-c", GUIDE]],
    "`plan`": lambda _: [helpers("plan", "-f", FILE)],
}
ENDS = {"`plan`": 2}


def timed(commands: Sequence[Sequence[str]], environment: Mapping[str, str], code: int) -> Took:
    """Raises RuntimeError, with what it said, where one does not end as it must."""
    before, start = os.times(), time.monotonic()
    for command in commands:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stderr}")
    wall, after = time.monotonic() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(wall, cpu)


def measured(way: str, lag: bool = False) -> Took:
    """One way, once, in a fresh world and a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="cmek-") as folder, Served("healthy") as cloud:
        az = os.environ.get("CMEK_AZ", "")
        path = os.pathsep.join([str(Path(az).parent), os.environ["PATH"]]) if way == AZ else os.environ["PATH"]
        inside = {**applied(cloud.environment("operator")), "CMEK_HOME": folder, "PATH": path}
        settings = cloud.world.state.settings
        if not lag:
            settings.role_lag_seconds = settings.principal_lag_seconds = 0.0
        timed([[sys.executable, "-c", APPROVE]], {**inside, "PYTHONPATH": str(ROOT)}, 0)
        return timed(WAYS[way](Path(folder)), inside, ENDS.get(way, 0))


def table(took: Mapping[str, Sequence[Took]]) -> str:
    """Medians, the spread, and how many times as long as the two ways there were before."""

    def wall(way: str) -> float:
        return statistics.median(one.wall for one in took[way])

    rows = ["| | wall s, median (least to most) | CPU s | x papermill | x az |", "|---|---|---|---|---|"]
    for way, all_of_it in took.items():
        spread = f"{min(one.wall for one in all_of_it):.1f} to {max(one.wall for one in all_of_it):.1f}"
        cpu = statistics.median(one.cpu for one in all_of_it)
        times = [f"{wall(way) / wall(other):.2f}" if other in took else "" for other in (PAPERMILL, AZ)]
        rows.append(f"| {way} | {wall(way):.1f} ({spread}) | {cpu:.1f} | {times[0]} | {times[1]} |")
    return "\n".join(rows)


def main(rounds: int, lag: bool) -> None:
    ways = [way for way in WAYS if way != AZ or os.environ.get("CMEK_AZ")]
    took: dict[str, list[Took]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways[number % len(ways) :] + ways[: number % len(ways)]:
            took[way].append(measured(way, lag))
            print(f"round {number + 1}: {way}: {took[way][-1].wall:.1f} s", file=sys.stderr, flush=True)
    load = os.getloadavg()[0]
    print(f"{rounds} rounds, {os.cpu_count()} cores, load {load:.1f} at the end, Python {sys.version.split()[0]}\n")
    print(table(took))


if __name__ == "__main__":
    numbers = [argument for argument in sys.argv[1:] if argument != "--lag"]
    main(int(numbers[0]) if numbers else 5, lag="--lag" in sys.argv)
