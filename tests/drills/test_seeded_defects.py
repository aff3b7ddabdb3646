"""Each promise breaks a test when it is broken: a defect is put into a copy of the suite, and a named test must see it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drills.seeding import Copy, Ended, copied

pytestmark = pytest.mark.slow

TESTS_FAILED = 1


@dataclass(frozen=True)
class Defect:
    """One line changed in one file, and the test that must turn red by it."""

    promise: str
    file: str
    right: str
    wrong: str
    test: str


DEFECTS = (
    Defect(
        "one-way doors open by hand: the gate is skipped",
        "helpers/steps/attach.py",
        "    stopping = verdicts.stopping",
        "    stopping = ()",
        "tests/cases/test_cases.py::test_case[05_attach-blocking_check_fails]",
    ),
    Defect(
        "one-way doors open by hand: an approval of another plan is taken",
        "helpers/approval.py",
        "        if self.digest != plan.digest:",
        "        if False:",
        "tests/unit/test_approval.py::test_an_approval_that_does_not_cover_a_plan_is_refused[another plan]",
    ),
    Defect(
        "only the published application: another app id is accepted",
        "helpers/steps/consent.py",
        "    if not same_id(there.app_id, wanted.app_id) or there.display_name != wanted.display_name:",
        "    if there.display_name != wanted.display_name:",
        "tests/cases/test_cases.py::test_case[01_consent-other_app]",
    ),
    Defect(
        "unknown is not pass: a property that is not set is taken for true",
        "helpers/checks/base.py",
        "    if value is True:",
        "    if value is not False:",
        "tests/unit/checks/test_catalogue.py::test_every_failure_says_what_to_do",
    ),
    Defect(
        "never twice: the SDK's retries are left on for the key",
        "helpers/services/keys.py",
        "                    expires_on=expires,\n                    retry_total=0,",
        "                    expires_on=expires,",
        "tests/services/test_never_twice.py::test_a_lost_reply_makes_one_and_finds_it[500-create key]",
    ),
    Defect(
        "never twice: the SDK's retries are left on for the Admin API",
        "helpers/services/admin.py",
        "            max_retries=0,",
        "            max_retries=2,",
        "tests/services/test_never_twice.py::test_a_lost_reply_makes_one_and_finds_it[500-register]",
    ),
    Defect(
        "no secret in any record: a secret shows itself",
        "helpers/record/secrets.py",
        '        return "Secret(…)"',
        "        return self._value",
        "tests/unit/test_secrets.py::test_a_secret_does_not_show_itself",
    ),
    Defect(
        "no secret in any record: the ledger takes what looks like one",
        "helpers/record/ledger.py",
        "        if kinds := Sought.of(self.known()).kinds(text):",
        "        if kinds := ():",
        "tests/unit/test_ledger.py::test_a_line_with_a_secret_is_not_written",
    ),
    Defect(
        "a rehearsal is the suite's own: a look-alike is accepted",
        "helpers/services/front.py",
        '    if mark is None or said is None or said["rehearsal"] != mark or now is None:',
        "    if said is None or now is None:",
        "tests/services/test_which_cloud.py::test_a_look_alike_is_refused",
    ),
    Defect(
        "a rehearsal is the suite's own: any certificate authority will do",
        "helpers/services/front.py",
        "    if {_only_authority(environment.get(name)) for name in _BUNDLES} != {found.ca_sha256}:",
        "    if False:",
        "tests/services/test_which_cloud.py::test_an_authority_that_is_not_the_only_one_is_refused",
    ),
    Defect(
        "a rehearsal cannot be mistaken: replies without the mark are believed",
        "helpers/services/witness.py",
        "        if mark == self._world:",
        "        if True:",
        "tests/services/test_witness.py::test_a_reply_without_this_rehearsals_mark_ends_the_run",
    ),
    Defect(
        "a second run changes nothing: a tag that is there is added again",
        "helpers/steps/key.py",
        "        return {name: value for name, value in self.tags if key.tags.get(name) != value}",
        "        return dict(self.tags)",
        "tests/cases/test_cases.py::test_case[02_key-extra_operations]",
    ),
    Defect(
        "never twice: a key that was rotated is rotated again",
        "helpers/steps/key.py",
        "dict(wanted.tags), wanted.rotate == key.version",
        "dict(wanted.tags), bool(wanted.rotate)",
        "tests/cases/test_cases.py::test_case[02_key-rotate_what_was_rotated]",
    ),
    Defect(
        "one-way doors open by hand: apply does not look again",
        "helpers/apply.py",
        "        fresh = again()",
        "        fresh = plan",
        "tests/steps/test_looking_again.py::test_a_reversible_step_applied_twice_makes_one_thing[01_consent]",
    ),
    Defect(
        "only the published application: another application's registration is taken for ours",
        "helpers/targets.py",
        "    return tuple(row for row in _registered(rows, parameters) if row.client_id is None)",
        "    return _registered(rows, parameters)",
        "tests/steps/test_gate.py::test_a_workspace_with_a_foreign_registration_is_not_taken_for_attached",
    ),
    Defect(
        "unknown is not pass: anybody's 404 is taken for not there",
        "helpers/services/replies.py",
        "        if error.status_code == 404 and code(error) in NOT_THERE:",
        "        if error.status_code == 404:",
        "tests/services/test_reads.py::test_a_404_that_is_not_the_services_own_is_unknown[vault]",
    ),
    Defect(
        "one-way doors open by hand: purge protection is taken for reversible",
        "helpers/steps/remedy_changes.py",
        "    permanent: ClassVar[bool] = True",
        "    permanent: ClassVar[bool] = False",
        "tests/steps/test_remedies.py::test_mode_apply_does_not_cover_what_is_for_good",
    ),
    Defect(
        "never twice: the lock of the target is ignored",
        "helpers/apply.py",
        "    with services.alone(ledger.run, ledger.step):",
        "    if True:",
        "tests/unit/test_target_lock.py::test_looking_again_and_doing_is_under_the_lock",
    ),
    Defect(
        "never twice: the lock of another host is stolen",
        "helpers/record/target_lock.py",
        "    if left.host == platform.node():",
        "    if True:",
        "tests/unit/test_target_lock.py::test_what_another_host_left_is_not_stolen[another host]",
    ),
    Defect(
        "never twice: versions are not listed after the create",
        "helpers/services/made_twice.py",
        "listed)}\n    rows.setdefault(made.version, made.created)\n    if len(rows) == 1:",
        "listed)}\n    if True:",
        "tests/services/test_list_after_create.py::test_two_are_both_named_and_none_is_used[younger-answered-create key]",
    ),
    Defect(
        "waits are seen and bounded: an SDK sleeps as long as it is told",
        "helpers/services/patience.py",
        "    return seconds is not None and seconds * (tries + 1) > LONGEST_SECONDS",
        "    return False",
        "tests/unit/test_patience.py::test_the_sum_of_all_waits_of_a_request_is_bounded",
    ),
    Defect(
        "a rehearsal cannot be mistaken: the marker is ignored, and a live run goes on inside a rehearsal",
        "helpers/services/front.py",
        "        if found is not None:",
        "        if False:",
        "tests/services/test_which_cloud.py::test_live_inside_a_rehearsal_is_refused",
    ),
    Defect(
        "what a file says is what is read: of a key given twice the last one wins",
        "helpers/yaml_file.py",
        "            if key in seen:",
        "            if False:",
        "tests/unit/test_yaml_file.py::test_what_is_not_plain_yaml_is_refused",
    ),
    Defect(
        "what a person reads is what is sent: a name may hold what is not seen",
        "helpers/parameter_values.py",
        "    if not text.isprintable():",
        "    if False:",
        "tests/unit/test_parameters.py::test_a_wrong_parameter_is_refused_in_one_line[hidden direction]",
    ),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """The suite as it is, in a folder of its own."""
    with copied(tmp_path_factory.mktemp("seeded")) as made:
        yield made


def run_tests(copy: Copy, *tests: str) -> Ended:
    """Run tests of a copy, up to the first that fails."""
    return copy.run("pytest", "-q", "-x", "-p", "no:cacheprovider", "--color=no", *tests)


def test_without_a_defect_the_named_tests_pass(copy: Copy) -> None:
    """The copy is the suite, and its tests are green before anything is broken."""
    done = run_tests(copy, *dict.fromkeys(defect.test for defect in DEFECTS))
    assert done.code == 0, done.said
    code = "import helpers, pathlib; print(pathlib.Path(helpers.__file__).resolve())"
    where = subprocess.run([sys.executable, "-c", code], cwd=copy.folder, capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()).is_relative_to(copy.folder.resolve())


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.promise)
def test_a_seeded_defect_turns_its_test_red(copy: Copy, defect: Defect) -> None:
    """The right line is there exactly once; with the wrong one in its place the named test fails."""
    with copy.broken(defect.file, defect.right, defect.wrong):
        done = run_tests(copy, defect.test)
    assert done.code == TESTS_FAILED, done.said
