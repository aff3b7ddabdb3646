"""What an exported script never does, whatever it is given and wherever it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
import yaml

from helpers.export import az as exported
from helpers.parameters import Parameters
from helpers.yaml_file import read
from tests.export.running import FILE, ROOT, Place, command, noting, parameters, place
from tests.needs import program

pytestmark = pytest.mark.slow  # whole scripts, many programs each
KEY = "sk-ant-admin01-rehearsal-only-not-a-real-key"
HOSTILE = '\'; touch "$HOME/pwned"; $(touch pwned) `touch pwned` \\ " ${x} %s -o @/etc/passwd'
LOG = "/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/abc"


@pytest.fixture
def registered(small_az: Path, tmp_path: Path) -> Iterator[Place]:
    """A cloud in which only the attach is left."""
    with place("registered", small_az, tmp_path) as here:
        yield here


def test_the_admin_key_is_in_no_argument_no_other_programs_environment_and_no_output(
    small_az: Path, tmp_path: Path
) -> None:
    """Not even where the script is traced: curl gets it through a pipe, az and jq do not get it at all."""
    with place("healthy", small_az, tmp_path) as here:
        folder, notes = noting(tmp_path, "az", "curl", "jq", over=here.variables["PATH"])
        here.more["PATH"] = os.pathsep.join((str(folder), here.variables["PATH"]))
        done = here.run(bash=("bash", "-x"))
        assert done.code == 3, done.err
        said = notes.read_text(encoding="utf-8", errors="replace")
        assert here.variables["ANTHROPIC_ADMIN_KEY"] == KEY
        assert said.count("https://api.anthropic.com/v1/") > 3
        assert KEY not in said + done.out + done.err


def test_hostile_names_are_names(small_az: Path, tmp_path: Path) -> None:
    """Names full of what shells, curl and JSON take for orders arrive at the Admin API as they are, and run nothing."""
    workspace = f"{HOSTILE} w"
    with place("healthy", small_az, tmp_path, external_key_name=HOSTILE, workspace={"create": workspace}) as here:
        here.more["HOME"] = str(tmp_path)
        done = here.agreed()
        assert done.code == 0, done.err
        state = here.state()
        assert [row["display_name"] for row in state["external_keys"].values()] == [HOSTILE]
        assert [row["name"] for row in state["workspaces"].values() if row["external_key_id"]] == [workspace]
        assert not [path for path in (tmp_path / "pwned", Path("pwned")) if path.exists()]


@pytest.mark.parametrize(
    "given",
    [
        parameters(resource_group="a(b)-ünï.c_d", key_name="-x", external_key_name=HOSTILE),
        parameters(admin_key=f"file:{HOSTILE}", workspace={"create": HOSTILE}),
        parameters(expected_owner_tenant="99999999-aaaa-4bbb-8ccc-dddddddddddd", log_destination=LOG),
    ],
)
def test_every_value_reaches_the_shell_as_it_is(given: Parameters, tmp_path: Path) -> None:
    """The block of values, read by bash, gives back exactly the values; nothing in the head of the script is run."""
    text = exported.script(given, HOSTILE)
    head = text[: text.index("# --- How this script speaks")]
    names = exported.values(given)
    asked = "\n".join(f'printf "%s\\0" "${name}"' for name in names)
    done = subprocess.run(["bash", "-c", head + asked], capture_output=True, cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split("\0")[:-1] == list(names.values())
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_script_once(tmp_path: Path) -> None:
    """To a new file, ready to run, or to standard output; what is there already may have been reviewed and stays."""
    file = tmp_path / "onboard.sh"
    first = command("export", "az", "-f", FILE, "--output", str(file))
    assert first.code == 0, first.err
    text = exported.script(parameters(), FILE)
    assert file.read_text(encoding="utf-8") == text
    assert os.access(file, os.X_OK)
    file.write_text("reviewed", encoding="utf-8")
    again = command("export", "az", "-f", FILE, "--output", str(file))
    assert again.code == 64, again.err
    assert file.read_text(encoding="utf-8") == "reviewed"
    printed = command("export", "az", "-f", FILE)
    assert (printed.code, printed.out) == (0, text)


def test_remedies_that_are_not_in_the_script_are_named(tmp_path: Path) -> None:
    """A plan with remedies does more than the script, and whoever exports it is told."""
    values = {**read(ROOT / FILE)["parameters"], "remediate": ["delete_lock"]}
    (tmp_path / "mending.yaml").write_text(yaml.safe_dump({"parameters": values}), encoding="utf-8")
    done = command("export", "az", "-f", str(tmp_path / "mending.yaml"))
    assert done.code == 0, done.err
    assert "Not in the script: remediate (delete_lock)" in done.err


@pytest.mark.parametrize("kind", ["az", "terraform"])
@pytest.mark.parametrize("rotate", [True, "0123456789abcdef0123456789abcdef"])
def test_a_rotation_is_not_exported(tmp_path: Path, kind: str, rotate: bool | str) -> None:
    """It is refused, since a script that is run again could not tell that the key was rotated already."""
    values = {**read(ROOT / FILE)["parameters"], "rotate": rotate}
    (tmp_path / "rotating.yaml").write_text(yaml.safe_dump({"parameters": values}), encoding="utf-8")
    done = command("export", kind, "-f", str(tmp_path / "rotating.yaml"))
    assert (done.code, done.out) == (64, "")
    assert "a rotation is not exported" in done.err and "take rotate out of the file" in done.err


def test_two_exports_differ_in_their_head_and_values_alone() -> None:
    """So a review of one is a review of all but its block of values."""
    one = exported.script(parameters(), FILE)
    other = exported.script(parameters(external_key_name=HOSTILE, key_name="other", key_type="RSA-HSM"), "other.yaml")
    mark = "# --- How this script speaks"
    assert one.partition(mark)[2] == other.partition(mark)[2] != ""
    assert one.partition(mark)[0] != other.partition(mark)[0]


@pytest.mark.parametrize("product", ["claude_platform", "claude_enterprise"])
@pytest.mark.parametrize("checker", [("bash", "-n"), ("shellcheck",)], ids=lambda checker: checker[0])
def test_bash_and_shellcheck_find_nothing(tmp_path: Path, checker: tuple[str, ...], product: str) -> None:
    """In the script of either product."""
    program(checker[0])
    file = tmp_path / "onboard.sh"
    file.write_text(exported.script(parameters(product=product), FILE), encoding="utf-8")
    found = subprocess.run([*checker, file], capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_a_script_for_a_rehearsal_sends_nothing_outside_one(registered: Place, tmp_path: Path) -> None:
    """Without a rehearsal behind the proxy it stops before az is called."""
    folder, notes = noting(tmp_path, "az", over=registered.variables["PATH"])
    outside = {"PATH": os.pathsep.join((str(folder), registered.variables["PATH"])), "HOME": str(tmp_path)}
    done = subprocess.run(["bash", registered.script], env=outside, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no rehearsal cloud answers here" in done.stderr
    assert not notes.exists()


@pytest.mark.parametrize("variable", ["CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("beside", [True, False], ids=["beside", "in its place"])
def test_a_script_for_a_rehearsal_trusts_its_authority_alone(
    registered: Place, tmp_path: Path, variable: str, beside: bool
) -> None:
    """Another authority beside the rehearsal's, or in its place, for curl or for az, and nothing is sent."""
    own, other = Path(registered.variables[variable]).read_text(), trustme.CA().cert_pem.bytes().decode()
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(own + other if beside else other)
    done = registered.run(**{variable: str(bundle)})
    assert (done.code, registered.writes()) == (1, [])
    assert "is not the only one trusted" in done.err


def test_a_script_for_azure_refuses_a_rehearsal(registered: Place) -> None:
    """A real onboarding is never mistaken for one that happened in a rehearsal."""
    registered.parameters = parameters(cloud="azure", credential="azure_cli")
    done = registered.run()
    assert done.code == 1
    assert "answers here" in done.err
    assert registered.served.cloud.journal.rows() == []


def test_what_was_agreed_to_must_still_be_what_is_there(registered: Place) -> None:
    """A rotation between the agreement and the attach, and nothing is attached: another version was seen."""
    agree = registered.run().agree
    with registered.served.world.lock:
        key = registered.served.world.state.vaults["kv-contoso-claude"].keys["claude-cmek"]
        (only,) = key.versions.values()
        key.versions["f" * 32] = only.model_copy(update={"created": registered.served.world.now()})
    done = registered.run(ATTACH_FOR_GOOD=agree)
    assert done.code == 3
    assert "something changed" in done.err
    assert registered.writes() == []


def test_where_approvers_are_pinned_no_variable_attaches(registered: Place) -> None:
    """A script cannot check a signature, so it leaves the attach to this suite."""
    agree = registered.run().agree
    row = {"name": "Jane", "object_id": "44444444-5555-4666-8777-888888888888", "public_key": PUBLIC}
    registered.parameters = parameters(approvers=[row])
    done = registered.run(ATTACH_FOR_GOOD=agree)
    assert done.code == 3
    assert "by signature" in done.err
    assert registered.writes() == []


PUBLIC = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="


@pytest.mark.parametrize("missing", ["jq", "curl", "az"])
def test_a_missing_tool_is_named_before_anything_is_asked(registered: Place, tmp_path: Path, missing: str) -> None:
    """Exit code 64, in one sentence, with nothing sent."""
    folder = tmp_path / "some"
    folder.mkdir()
    for name in {"az", "curl", "jq", "tr", "cut", "sed", "date", "mktemp", "bash", "cat", "rm", "grep"} - {missing}:
        found = shutil.which(name, path=registered.variables["PATH"])
        assert found, name
        (folder / name).symlink_to(found)
    done = registered.run(PATH=str(folder), bash=(str(folder / "bash"),))
    assert done.code == 64
    assert f"{missing} is not installed" in done.err
    assert registered.served.cloud.journal.rows() == []


@pytest.mark.parametrize("key", ["", "sk-ant-api01-x", "sk-ant-admin01-x\nx-other: y", 'sk-ant-admin01-"x'])
def test_what_is_no_admin_key_is_never_sent(registered: Place, key: str) -> None:
    """Nothing, the key of another product, or a key with a header in it: exit 64 before the Admin API is asked."""
    done = registered.run(ANTHROPIC_ADMIN_KEY=key)
    assert done.code == 64, done.err
    assert "api.anthropic.com" not in {row["host"] for row in registered.served.cloud.journal.rows()}
    assert not key or key not in done.err + done.out


def test_it_takes_no_other_argument(registered: Place) -> None:
    """A typing error must not be taken for nothing: --plna would onboard."""
    done = registered.run("--plna")
    assert done.code == 64
    assert registered.served.cloud.journal.rows() == []
    assert "--plan" in done.err
