"""A fleet's own values: results, exit code, the record that survives a kill, progress, and what one process shares."""

from __future__ import annotations

import io
import json
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo

from helpers.display import text
from helpers.errors import Failed, WrongUsage
from helpers.headless.fleet import cluster, local, summary, targets
from helpers.headless.fleet.progress import Progress
from helpers.headless.fleet.record import NAME, Record
from helpers.headless.fleet.results import Result, counted, exit_code
from helpers.model import Absent, Known, Unknown
from helpers.parameters import Parameters
from helpers.services.backoff import LONGEST, UNSAID, BackOff
from helpers.services.one_token import OneToken
from helpers.services.principals import Principals
from helpers.services.shared import Shared
from helpers.services.tenant_wide import SECONDS, TenantWide
from helpers.services.witness import Witness
from tests.services.rehearsed import GIVEN, given


def result(file: str, code: int = 0, **more: Any) -> Result:
    return Result(file, "vault/key", "digest", code, "said", **more)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 2], 2),
        ([2, 4], 4),
        ([4, 3, 2], 3),
        ([3, 130, 4], 130),
        ([3, 1, 130], 1),
        ([1, 64, 0], 64),
        ([0, 137], 1),
        ([137, 3], 1),
    ],
)
def test_the_exit_code_is_the_first_that_applies(codes: list[int], code: int) -> None:
    """64, 1, 130, 3, 4, 2, 0, and 1 for a code that is none: in any order of the targets; and the counts add up."""
    rows = [result(str(number), code) for number, code in enumerate(codes)]
    assert exit_code(rows) == exit_code(reversed(rows)) == code
    assert sum(counted(rows).values()) == len(codes)


def read(files: dict[str, Parameters | WrongUsage]) -> targets.Read:
    def one(file: str) -> tuple[Parameters, dict[str, Any]]:
        found = files[file]
        if isinstance(found, WrongUsage):
            raise found
        return found, dict(GIVEN)

    return one


def test_a_file_that_cannot_be_used_is_one_target_s_trouble() -> None:
    """Bad files and a target that is there already are results with 64 and one line; the rest are targets."""
    files: dict[str, Parameters | WrongUsage] = {
        "a": given(),
        "bad": WrongUsage("bad: key_size: given 1; allowed: 3072 or 4096"),
        "again": given(vault_name="KV-Contoso-Claude", mode="plan"),
        "other": given(key_name="another"),
        "elsewhere": given(workspace={"create": "another"}),
    }
    loaded, refused = targets.load(files, read(files))
    assert [(target.number, target.file) for target in loaded] == [(1, "a"), (4, "other"), (5, "elsewhere")]
    assert [(row.file, row.exit_code, row.digest) for row in refused] == [("bad", 64, ""), ("again", 64, "")]
    assert refused[1].lines == ("again: the same target as a; each is given once",)
    assert loaded[0].digest != loaded[1].digest and loaded[0].digest == targets.Target(9, "b", given(), {}).digest


@pytest.mark.parametrize("jobs", [1, 3])
def test_so_many_at_once_and_no_more(jobs: int) -> None:
    """Exactly `jobs` are under way at the most; a target is taken only when there is room for it."""
    lock, now, most, taken, done = Lock(), [0], [0], [0], [0]
    together = Barrier(jobs, timeout=20)

    def given_out() -> Any:
        for number in range(4 * jobs):
            with lock:
                taken[0] += 1
                assert taken[0] - done[0] <= 2 * jobs
            yield number

    def work(number: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait()
        with lock:
            now[0] -= 1
            done[0] += 1
        return number

    assert sorted(local.side_by_side(given_out(), work, jobs)) == list(range(4 * jobs))
    assert most == [jobs]


def test_when_the_reader_stops_nothing_new_is_begun() -> None:
    """What is under way ends; targets that were not begun are not."""
    begun: list[int] = []
    working = local.side_by_side(range(100), lambda number: begun.append(number) or number, 2)
    next(working)
    working.close()
    assert len(begun) <= 4


def test_when_the_reader_stops_who_waits_is_told() -> None:
    """Nobody waits for the end of a pause that a host asked for."""
    told = Event()
    working = local.side_by_side(range(4), lambda number: number == 0 or told.wait(20), 2, told.set)
    assert next(working) is True
    working.close()
    assert told.is_set()


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return Record.new("check")


def test_a_result_that_was_kept_is_there_after_a_kill(record: Record) -> None:
    """Each is on disk at once; a line that was cut off is dropped, and the later of two lines counts."""
    with record:
        record.add(result("a", 3, lines=("x", "é"), seconds=0.25))
        assert [row.file for row in record.results()] == ["a"]
        record.add(result("b"))
        record.add(result("a", 0))
    with (record.folder / NAME).open("ab") as file:
        file.write(b'{"event": "target", "file": "c", "exi')
    again = Record.find(record.id, "check")
    with again:
        assert [(row.file, row.exit_code) for row in again.results()] == [("b", 0), ("a", 0)]
        again.add(result("c", 4))
    assert [row.file for row in again.results()] == ["b", "a", "c"]
    events = [json.loads(line)["event"] for line in (record.folder / NAME).read_text().splitlines()]
    assert events == ["fleet_started", "target", "target", "target", "target"]


def test_a_fleet_is_gone_on_with_by_one_process_as_the_same_command(record: Record, tmp_path: Path) -> None:
    """Another command's fleet, one that another process works on, none at all and a damaged one are refused."""
    busy = pytest.raises(WrongUsage, match="is being worked on by another process")
    with record, busy, Record.find(record.id, "check"):
        pass
    with pytest.raises(WrongUsage, match="is no fleet run; it says check"):
        Record.find(record.id, "run")
    with pytest.raises(WrongUsage, match="no such fleet"):
        Record.find("fleet-20261127T000000Z-abcdef", "check")
    (record.folder / NAME).write_bytes(b"nonsense\n")
    with pytest.raises(Failed, match="line 1 is damaged"):
        Record.find(str(record.folder), "check")


def test_a_fleet_is_found_however_its_home_is_spelled(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home that is a link or relative: its folder is below that home as spelled. One of another home is refused."""
    with record:
        pass
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    for home in (".", str(tmp_path / "link")):
        monkeypatch.setenv("CMEK_HOME", home)
        for name in (record.id, str(record.folder), f"runs/{record.id}"):
            assert Record.find(name, "check").place(1).is_relative_to(home)
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(WrongUsage, match="let CMEK_HOME name the folder it is of"):
        Record.find(str(record.folder), "check")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()], ids=["log", "terminal"])
def test_progress_says_done_failed_left_rate_and_time(out: io.StringIO) -> None:
    """A terminal's one line changes; in a log there are few lines, however many targets, and no control characters."""
    now = [0.0]
    progress = Progress(1000, out, elapsed=lambda: now[0])
    for number in range(1000):
        now[0] += 0.25
        progress.ended(result("a", 3 if number < 10 else 0))
    said = out.getvalue()
    assert "500 done, 10 not in order, 500 left; 4.0 a second, 2 min left" in said
    assert said.endswith("1000 done, 10 not in order, 0 left; 4.0 a second\n")
    assert said.count("\n") == (1 if out.isatty() else 20) and ("\x1b" in said) == out.isatty()


class Asked:
    """A credential that counts what it is asked for."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self.asked: list[Any] = []
        self.closed = 0
        self.expires = 10_000

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        return AccessToken(f"{self._name}{scopes}{len(self.asked)}", self.expires)

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        self.asked.append((scopes, options))
        return AccessTokenInfo(f"{self._name}{scopes}{len(self.asked)}", self.expires)

    def close(self) -> None:
        self.closed += 1


def test_a_credential_is_shared_within_one_way_and_tenant_alone() -> None:
    """Another tenant's or cloud's target, and one that signs in otherwise, get no token of it; all are closed."""
    shared, made = Shared(BackOff(print)), []

    def make() -> OneToken:
        made.append(Asked(f"credential {len(made)}: "))
        made[-1].expires = 2**40
        return OneToken(made[-1])

    mine = shared.credential((None, "environment", "tenant-1"), make)
    assert shared.credential((None, "environment", "tenant-1"), make) is mine
    theirs = ((None, "environment", "tenant-2"), (None, "azure_cli", "tenant-1"), ("world", "environment", "tenant-1"))
    others = [shared.credential(who, make) for who in theirs]
    again = [shared.credential(who, make) for who in (theirs[0], (None, "environment", "tenant-1"))]
    tokens = [one.get_token("scope").token for one in (mine, *others, *again)]
    assert [token.split(":")[0] for token in tokens] == [f"credential {number}" for number in (0, 1, 2, 3, 1, 0)]
    assert len(made) == 4 and [len(one.asked) for one in made] == [1, 1, 1, 1]
    shared.close()
    assert [one.closed for one in made] == [1, 1, 1, 1]


def test_what_a_tenant_says_is_handed_on_for_a_minute_if_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown and an absence are asked for again by the next target; each question and object is one of its own."""
    now, asked = [0.0], []

    def groups(_: Principals, object_id: str = "conditional access") -> Any:
        asked.append(object_id)
        return says.pop(0)

    monkeypatch.setattr(Principals, "groups", groups)
    monkeypatch.setattr(Principals, "conditional_access", groups)
    wide = TenantWide(Asked(), Witness(None), BackOff(print), lambda: now[0])
    says: list[Any] = [Unknown("no"), Absent(), Known((1,)), Known((2,)), Known((3,)), Known((4,))]
    assert [wide.conditional_access() for _ in range(4)] == [Unknown("no"), Absent(), Known((1,)), Known((1,))]
    assert (wide.groups("x"), wide.groups("x"), wide.groups("y")) == (Known((2,)), Known((2,)), Known((3,)))
    now[0] = SECONDS
    assert wide.conditional_access() == Known((4,))
    assert asked == ["conditional access"] * 3 + ["x", "y", "conditional access"]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (429, {}, UNSAID),
        (429, {"retry-after": "86400"}, LONGEST),
        (503, {"retry-after": "3"}, 3),
        (503, {}, 0),
        (200, {"retry-after": "3"}, 0),
        (403, {}, 0),
    ],
)
def test_a_host_that_throttles_is_left_alone_by_all_for_as_long_as_it_asks(
    status: int, headers: dict[str, str], seconds: float
) -> None:
    """It is said once; another host is not waited for; a later and shorter request does not shorten it."""
    now, said = [100.0], []

    def sleep(pause: float) -> None:
        now[0] += pause

    backoff = BackOff(said.append, sleep=sleep, elapsed=lambda: now[0])
    backoff.saw("one", status, headers)
    backoff.saw("one", status, {"retry-after": "0.5"} if seconds else headers)
    backoff.wait("two")
    assert now == [100.0] and len(said) == bool(seconds)
    backoff.wait("one")
    assert now[0] - 100 == pytest.approx(seconds) and not backoff.waits("one")


def fits(address: str, *changes: dict[str, Any], **files: str | None) -> None:
    made = [targets.Target(1, "a", given(**change), {}) for change in changes or ({},)]
    cluster.Cluster(address, **files).refuse_unfit(made)


def test_a_cluster_is_reached_by_tls_or_is_a_rehearsal_on_this_machine(tmp_path: Path) -> None:
    """TLS takes all three files; plain TCP takes loopback and rehearsals only; there is nothing else."""
    file = str(tmp_path / "file.pem")
    Path(file).touch()
    live = {"cloud": "azure", "credential": "managed_identity"}
    fits("tls://10.0.0.1:8786", live, ca=file, certificate=file, key=file)
    fits("tcp://127.0.0.1:8786")
    with pytest.raises(WrongUsage, match="tls:// takes --tls-cert, --tls-key, each a file in PEM"):
        fits("tls://10.0.0.1:8786", ca=file, key=file + ".none")
    for address, change in (("tcp://10.0.0.1:8786", {}), ("tcp://127.0.0.1:8786", live)):
        with pytest.raises(WrongUsage, match="tcp:// is for a rehearsal on this machine alone"):
            fits(address, change)
    for address in ("127.0.0.1:8786", "ws://127.0.0.1:1", "tcp", ""):
        with pytest.raises(WrongUsage, match="allowed: tls://HOST:PORT"):
            fits(address)


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: nothing but --scheduler needs it."""
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(WrongUsage, match="distributed is not installed") as refused:
        cluster.refuse_without_dask()
    assert "requirements-dask.lock" in refused.value.next_step


def test_no_secret_is_sent_to_a_worker() -> None:
    """What a worker is told is the parameters as they are in the record: the key by reference, and the same again."""
    asked = given(admin_key="env:SOME_KEY", accepted_deviations=[{"check": "V12", "owner": "a", "reason": "b", "expires": "2027-01-01"}])  # fmt: skip
    sent = cluster._values(targets.Target(1, "a", asked, {}))
    assert given(**sent) == asked and sent["admin_key"] == "env:SOME_KEY"
    assert json.loads(json.dumps(sent)) == sent


def test_nothing_about_azure_is_called_a_rehearsal(tmp_path: Path) -> None:
    """Whatever else is in the fleet: not in the heading, on the page or in the document."""
    live, rehearsed = result("a", 3, cloud="azure"), result("b", cloud="rehearsal", rehearsal="rehearsal-1")
    for rows, named in (([live, rehearsed], False), ([rehearsed, live], False), ([rehearsed], True)):
        summary.write("fleet-1", "check", rows, tmp_path)
        shown = text(summary.view("fleet-1", "check", rows, tmp_path)) + (tmp_path / summary.PAGE).read_text()
        assert ("REHEARSAL" in shown) is named and ("LIVE" in shown) is not named
        assert (summary.document("fleet-1", "check", rows)["rehearsal"] is not None) is named
