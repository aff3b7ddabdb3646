"""Any parameter file at all: refused in one line that names the key, or taken for exactly what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from helpers.errors import WrongUsage
from helpers.parameters import load
from tests.drills.hostile import counting, reading, texts
from tests.drills.hostile.counting import ENDED, READ, REFUSED, SEED
from tests.drills.hostile.files import BENDS, HARMLESS, ODD, Draft, File, bend, literal, quoted, secret

ROOT = Path(__file__).resolve().parents[3]
GIVEN: dict[str, Any] = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text())["parameters"]
DEFAULTS: dict[str, Any] = {
    "cloud": "rehearsal", "mode": "plan", "credential": None, "key_type": "RSA", "key_size": 3072, "rotate": False, "role_scope": "key",
    "product": "claude_platform", "external_key_name": None, "workspace": None, "admin_key": "env:ANTHROPIC_ADMIN_KEY",
    "expected_owner_tenant": None, "accepted_deviations": [], "remediate": [], "log_destination": None,
    "approvers_required": 1, "approvers": [], "evidence": None,
}  # fmt: skip
"""What is not in a file; egress_ranges are left to the test of their own."""
NAMED = (*DEFAULTS, "egress_ranges", "tenant_id", "subscription_id", "resource_group", "vault_name", "key_name", "organization_id")  # fmt: skip
TOGETHER = {
    "credential", "workspace", "external_key_name", "log_destination", "remediate", "cloud", "product", "approvers_required", "approvers",
}  # fmt: skip
"""Keys whose rules look at another key: any of them may be named when that one was touched."""
OF_THE_FILE = re.compile(
    r"not usable YAML: (line \d+: \S|.* position \d+$|an escape in double quotes is no character$)|not UTF-8 text$|\d+ bytes is too large"
    r"|the file's top level must be a mapping with plain names$|a parameter file has one top-level key, parameters:"
)
GUID, NAME = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"[A-Za-z0-9-]{1,127}"
RIGHT = {
    **dict.fromkeys(("tenant_id", "subscription_id", "organization_id", "expected_owner_tenant"), GUID),
    "vault_name": r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
    "key_name": NAME,
    "resource_group": r"[^/\\?#%&<>\"'{}:;*|]{0,89}[^/\\?#%&<>\"'{}:;*|. ]",
    "log_destination": r"/subscriptions/[0-9A-Fa-f-]{36}/(?!.*/\.*/)[^?#%\\]*",
    "admin_key": rf"env:[A-Za-z_]\w*|file:.+|keyvault:https://[A-Za-z0-9-]+\.vault\.azure\.net/secrets/{NAME}(/[0-9a-f]{{32}})?",
}
MOST_SAID = 1500
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
literals = st.one_of(literal, literal, texts.hostile.map(quoted))
fuzzed = settings(phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False)


def rightly(name: str) -> st.SearchStrategy[str]:
    """A value that may stand there, in one of the ways in which YAML spells it."""
    value = GIVEN.get(name, DEFAULTS.get(name))
    if not isinstance(value, str):
        return st.sampled_from((json.dumps(value), json.dumps(value, indent=6)))
    return st.sampled_from((value, quoted(value), f"'{value}'", f"!!str {quoted(value)}", f">-\n    {value}"))


@st.composite
def bent_values(draw: st.DrawFn) -> File:
    """One to three values spelled in another way, or keys that there are not."""
    draft = Draft.of(GIVEN)
    for _ in range(draw(st.integers(1, 3))):  # choices in numbers: one_of would choose among all that is in its parts
        known, right = draw(st.integers(0, 3)) > 0, draw(st.integers(0, 2)) > 0
        name = draw(st.sampled_from(NAMED) if known else texts.hostile.filter(len).map(quoted))
        draft.put(name, draw(rightly(name) if right else literals))
    return File(draft.text().encode(errors="surrogatepass"), frozenset(draft.touched))


@st.composite
def allowed_names(draw: st.DrawFn) -> File:
    """Names that are shown to people later on, as odd as they may be."""
    odd = st.one_of(texts.constants, texts.anything, texts.named, texts.mixed).map(quoted)
    draft = Draft.of(GIVEN)
    draft.put("external_key_name", draw(odd))
    draft.put("workspace", f"{{create: {draw(odd)}}}")
    draft.put(
        "accepted_deviations", f'[{{check: V27, owner: {draw(odd)}, reason: {draw(odd)}, expires: "2027-05-31"}}]'
    )
    return File(draft.text().encode(errors="surrogatepass"), frozenset(draft.touched))


@st.composite
def bent_files(draw: st.DrawFn) -> File:
    """A file bent as a whole, with or without another value in it."""
    draft = Draft.of(GIVEN)
    if draw(st.booleans()):
        draft.put(draw(st.sampled_from(NAMED)), draw(literals))
    how = draw(st.sampled_from(BENDS))
    data = bend(
        draft, how, draw(st.floats(0, 1)), draw(st.one_of(st.binary(min_size=1, max_size=8), literals.map(_bytes)))
    )
    return File(data, frozenset(draft.touched), how)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def refusal(path: Path, file: File) -> str | None:
    """The line a file is refused in, None where it is taken; whichever it is, it is held to its rules."""
    path.write_bytes(file.data)
    try:
        taken = load(path)
    except WrongUsage as error:
        line = "\n".join(error.lines())
        check_line(line, path, file)
        ENDED[REFUSED] += 1
        return line
    check_values(taken.model_dump(mode="json"), file)
    ENDED[READ] += 1
    return None


def check_line(line: str, path: Path, file: File) -> None:
    """One line of plain characters: the file, then the key, or the line of a file that is not plain YAML."""
    assert line.startswith(f"{path}: ") and len(line) <= MOST_SAID, line[:300]
    assert line.isprintable(), ascii(line)
    for one in texts.SECRETS:
        assert one not in line and one[-12:] not in line
    said = line.removeprefix(f"{path}: ")
    if len(file.data) > 200_000:
        assert said.startswith(f"{len(file.data)} bytes is too large")
        return
    try:
        there = reading.read(file.data)
    except reading.Ambiguous:
        assert OF_THE_FILE.match(said) or names_a_key(said, file, {}), said
        return
    if not isinstance(there, dict) or list(there) != ["parameters"] or not isinstance(there["parameters"], dict):
        assert OF_THE_FILE.match(said) or "looks like" in said, said
        return
    tab = re.match(r"not usable YAML: line \d+: found character '.t' that cannot start any token", said)
    assert tab or names_a_key(said, file, there["parameters"]), said  # libyaml reads past some tabs


def names_a_key(said: str, file: File, there: dict[Any, Any]) -> bool:
    """Whether the line begins with a key that was touched, or with one whose rule depends on it, or one not there."""
    name = re.split(r"[.:]", said, maxsplit=1)[0]
    if file.bent:  # what was bent may have hit any of them
        return name in NAMED or ": there is no such parameter" in said or "looks like" in said
    if name in NAMED:
        return name in file.touched or bool(TOGETHER & file.touched and name in TOGETHER)
    return "there is no such parameter" in said or "looks like" in said or "plain names" in said


def check_values(taken: dict[str, Any], file: File) -> None:
    """Every value is what an independent reading of the file says, and no name holds what it must not."""
    said = reading.read(file.data)["parameters"]
    for name, value in taken.items():
        if name in said:
            assert value == filled(name, said[name]), (name, value, said[name])
            assert type(value) is type(filled(name, said[name]))
        elif name != "egress_ranges":
            assert value == DEFAULTS[name]
    assert set(said) <= set(taken)
    for name, rule in RIGHT.items():
        assert taken[name] is None or re.fullmatch(rule, taken[name]), (name, taken[name])
    for text in every_text(taken):
        assert text.isprintable(), ascii(text)
        assert not any(one in text for one in texts.SECRETS)


def filled(name: str, value: Any) -> Any:
    """A value with what its mapping leaves out."""
    if name == "workspace" and isinstance(value, dict) and "id" in value:
        return {"default": False, **value}
    if name == "egress_ranges" and isinstance(value, dict):
        return {**load(GIVEN).egress_ranges.model_dump(), **value}
    return value


def every_text(value: Any) -> list[str]:
    """Every text in a value, keys left out."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in every_text(one)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "fuzz.yaml"


@pytest.mark.slow
@pytest.mark.cases(read=200, refused=300)
@seed(SEED)
@settings(fuzzed, max_examples=1100)
@given(file=bent_values())
def test_values_spelled_in_any_way(path: Path, file: File) -> None:
    """Whatever is written for a key, it is refused by its name, or is what the suite goes by."""
    refusal(path, file)


@pytest.mark.slow
@pytest.mark.cases(read=70, refused=120)
@seed(SEED)
@settings(fuzzed, max_examples=400)
@given(file=allowed_names())
def test_names_for_people_are_odd_and_the_same(path: Path, file: File) -> None:
    """HTML, templates and paths are names like any other where a name is free; what cannot be shown is refused."""
    refusal(path, file)


@pytest.mark.slow
@pytest.mark.cases(read=60, refused=280)
@seed(SEED)
@settings(fuzzed, max_examples=700)
@given(file=bent_files())
def test_files_bent_as_a_whole(path: Path, file: File) -> None:
    """Encodings, line ends, tabs, cuts, repeated keys and stray bytes: one line, or the same values."""
    refusal(path, file)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["key_size", "vault_name", "workspace", "remediate", "mode"])
def test_every_odd_spelling_once(path: Path, name: str) -> None:
    """Each of them for a number, a name, a mapping, a list and a choice: none is left to chance."""
    for spelled in ODD:
        draft = Draft.of(GIVEN)
        draft.put(name, spelled)
        refusal(path, File(draft.text().encode(errors="surrogatepass"), frozenset((name,))))


@pytest.mark.parametrize("how", HARMLESS)
def test_what_an_editor_does_changes_nothing(path: Path, how: str) -> None:
    """A byte order mark, other line ends, comments and marks are read past; the values are the same ones."""
    assert refusal(path, File(bend(Draft.of(GIVEN), how, 0.5, b""), frozenset(), how)) is None


@pytest.mark.parametrize("how", ["tabs", "twice", "two documents", "anchors", "merge", "top twice", "more at the top", "not UTF-8", "UTF-16", "NUL"])  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(path: Path, how: str) -> None:
    """The control for the cases above: each of these ways is one that is refused."""
    assert refusal(path, File(bend(Draft.of(GIVEN), how, 0.5, b""), frozenset(), how)) is not None


@pytest.mark.cases(refused=50)
@seed(SEED)
@settings(fuzzed, max_examples=60)
@given(spelled=secret, name=st.sampled_from(NAMED))
def test_a_secret_is_never_taken_nor_told(path: Path, spelled: str, name: str) -> None:
    """A credential in any place and any spelling is refused, and the line does not hold it."""
    draft = Draft.of(GIVEN)
    draft.put(name, spelled)
    assert refusal(path, File(draft.text().encode(), frozenset((name,)))) is not None


def test_the_cases_are_counted() -> None:
    """The line of the summary holds every case by its outcome."""
    kept = dict(counting.ENDED)
    counting.ENDED.clear()
    try:
        assert counting.summary() is None
        counting.ENDED.update({REFUSED: 3, READ: 2})
        assert counting.summary() == f"fuzz cases 5 run: 3 refused in one line, 2 read as written (seed {SEED})"
    finally:
        counting.ENDED.clear()
        counting.ENDED.update(kept)
