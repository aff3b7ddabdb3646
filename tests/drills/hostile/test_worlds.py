"""Any world file at all: refused in one line that names the file, or a world that holds exactly what it says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from helpers.rehearsal import worldfile
from helpers.rehearsal.worldfile import WorldError
from tests.drills.hostile import reading, texts
from tests.drills.hostile.counting import ENDED, READ, REFUSED, SEED
from tests.drills.hostile.files import BENDS, Draft, File, bend, literal, quoted

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
VAULT = "vaults.kv-contoso-claude"
PLACES = (
    "about", "tenant.display_name", "organization.name", "organization.id", "locks.keep-the-vault.notes",
    "locks.keep-the-vault.level", "workspaces.wrkspc_01REHEARSALDEFAULT.name", "log_analytics_workspaces.log-contoso.retention_in_days",
    "log_analytics_workspaces.log-contoso.resource_group", f"{VAULT}.sku", f"{VAULT}.tenant_id", f"{VAULT}.purge_protection", f"{VAULT}.network_acls",
    "settings.now", "settings.role_lag_seconds", "settings.vendor_addresses", "faults", "groups", "identities.operator.groups",
    "identities.operator.client_secret", "conditional_access.one", "policy_definitions.one.policy_rule", "nowhere", "vaults.other",
)  # fmt: skip
NAMES = tuple(place for place in PLACES if place.endswith(("name", "notes", "about", "sku", "resource_group")))
MOST_SAID = 900
fuzzed = settings(phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False)


@st.composite
def changed(draw: st.DrawFn) -> File:
    """The healthy world with one to three of its values set in another way."""
    draft = Draft.of({}, top="base: healthy\nset")
    for place in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        draft.put(place, draw(texts.hostile.map(quoted)))
    for _ in range(draw(st.integers(0 if draft.values else 1, 2))):
        at_odd_place = texts.hostile.map(quoted)
        draft.put(
            draw(st.one_of(*[st.sampled_from(PLACES)] * 5, at_odd_place)),
            draw(st.one_of(literal, texts.hostile.map(quoted))),
        )
    return File(draft.text().encode(errors="surrogatepass"), frozenset(draft.touched))


@st.composite
def bent(draw: st.DrawFn) -> File:
    """A world bent as a whole: its own keys, its base, its encoding."""
    draft = Draft.of({place: quoted(f"a name for {place}") for place in PLACES[:3]}, top="base: healthy\nset")
    how = draw(st.sampled_from(BENDS))
    data = bend(draft, how, draw(st.floats(0, 1)), draw(st.binary(min_size=1, max_size=8)))
    top = draw(st.one_of(st.none(), literal, texts.hostile.map(quoted)))
    if top is not None:
        name = draw(st.sampled_from(("base", "about", "expect", "parameters", "faults", "nothing")))
        data += f"{name}: {top}\n".encode(errors="surrogatepass")
    return File(data, frozenset(draft.touched), how)


def loaded(path: Path, file: File) -> None:
    """Load a world, hold the outcome to its rules, and count it."""
    path.write_bytes(file.data)
    try:
        world = worldfile.load(path)
    except WorldError as error:
        line = str(error)
        assert line.isprintable() and len(line) <= MOST_SAID, ascii(line)
        assert (
            line.startswith((f"{path}: ", "healthy: "))
            or ": no such world file" in line
            or "more than one world" in line
        )
        ENDED[REFUSED] += 1
        return
    said = reading.read(file.data)
    state = world.model_dump()
    for dotted, value in (said.get("set") or {}).items():
        there = found(state, dotted)
        assert there is GONE if value == "remove" else same(there, value), (dotted, there, value)
    later = {dotted.split(".")[0] for dotted in said.get("set") or {}}
    for name in set(said) - {"base", "set", "expect", "parameters"} - later:
        assert same(state[name], said[name]), name
    ENDED[READ] += 1


GONE = object()


def found(tree: Any, dotted: str) -> Any:
    """What stands in a world at a place, GONE where nothing does."""
    for part in dotted.split("."):
        tree = tree.get(part, GONE) if isinstance(tree, dict) else GONE
    return tree


def same(there: Any, said: Any) -> bool:
    """Whether a world holds what was said. A mapping may be filled up; a number or a time may be spelled as text."""
    if isinstance(said, dict) and isinstance(there, dict):
        return all(same(there.get(name, GONE), value) for name, value in said.items())
    if isinstance(said, list) and isinstance(there, list):
        return len(said) == len(there) and all(map(same, there, said))
    if isinstance(there, datetime) or isinstance(said, reading.NotText):
        return not isinstance(there, str)
    if isinstance(there, bool) or not isinstance(there, int | float):
        return bool(there == said) or (isinstance(there, bool) and str(said).lower() in WORDS[there])
    return float(there) == float(said)


WORDS = {True: ("true", "yes", "on", "1", "y", "t"), False: ("false", "no", "off", "0", "n", "f")}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "world.yaml"


@pytest.mark.slow
@pytest.mark.cases(read=40, refused=100)
@seed(SEED)
@settings(fuzzed, max_examples=300)
@given(file=changed())
def test_worlds_set_in_any_way(path: Path, file: File) -> None:
    """Whatever is set in a world, it is refused in one line, or stands in the world as it was said."""
    loaded(path, file)


@pytest.mark.slow
@pytest.mark.cases(read=14, refused=80)
@seed(SEED)
@settings(fuzzed, max_examples=200)
@given(file=bent())
def test_worlds_bent_as_a_whole(path: Path, file: File) -> None:
    """Encodings, line ends, repeated keys, odd bases and stray bytes: one line, or the same world."""
    loaded(path, file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("base: healthy\nabout: a\nabout: b\n", "line 1: the key about is given twice"),
        ("base: healthy\nset:\n  about: a\n  about: b\n", "line 3: the key about is given twice"),
        ("base: 7\n", "base: the name of a world, or the path of its file"),
        ("base: [healthy]\n", "base: the name of a world, or the path of its file"),
        ("base: no\n", "base: the name of a world, or the path of its file"),
        ("about: !!bool maybe\n", "line 1: there is no such value"),
        ("about: 2026-13-45\n", "line 1: there is no such value"),
        ("about: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
        ("about: " + "[" * 3000, "line 1: nested too deeply"),
        ("a: &a [x]\nb: &b [*a, *a]\n", "line 2: an alias stands for one word or text only"),
        ("a: &a {b: *a}\n", "line 1: an alias stands for one word or text only"),
        ("base: healthy\nset:\n  settings.now: 2026-11-23 09:00:00\n", "settings.now: a time needs its zone"),
        ("base: healthy\nset:\n  ? [a]\n  : b\n", "line 3: found unhashable key"),
        ('base: healthy\nset:\n  "a\\nb\\e[31m": 1\n', "a?b?[31m: Extra inputs"),
        ("about: '" + "x" * 1_000_001 + "'", "too large for a world file"),
        ("sk-ant-admin01-not-a-real-key: [\n", "not YAML: line 2: "),
    ],
)
def test_what_a_world_must_not_hold_is_told(path: Path, text: str, says: str) -> None:
    """Each of these used to be a traceback, a guess, or a line that shows what stands in the file."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorldError) as refused:
        worldfile.load(path)
    line = str(refused.value)
    assert says in line
    assert line.isprintable() and "sk-ant" not in line


@pytest.mark.parametrize("name", ["x" * 300, "a\x00b", "../" * 40 + "etc", "\ud800", "a\nb", ""])
def test_a_world_of_an_impossible_name_is_not_there(name: str) -> None:
    """A name that no file can have is a world that there is not, in one line."""
    with pytest.raises(WorldError, match="no such world file") as refused:
        worldfile.load(name)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("base", ["/etc/passwd", "../../etc/passwd", "~/.netrc"])
def test_a_base_that_is_no_world_is_not_shown(path: Path, base: str) -> None:
    """A path leads to a file only, and nothing of what is in that file is told."""
    path.write_text(f"base: {base}\n", encoding="utf-8")
    with pytest.raises(WorldError) as refused:
        worldfile.load(path)
    assert "root:" not in str(refused.value)
