"""The contract library itself: it accepts every recorded reply, and it does find fault."""

from __future__ import annotations

import json

from tests.contract import contracts as library
from tests.contract.contracts import KEYS, recording, schema_errors, structure_errors

DOCUMENTS = (
    library.KEYS,
    library.VAULTS,
    library.VAULTS_2023,
    library.ROLE_ASSIGNMENTS,
    library.ROLE_DEFINITIONS,
    library.DENY_ASSIGNMENTS,
    library.LOCKS,
    library.DIAGNOSTIC_SETTINGS,
)


def test_every_recording_of_a_documented_operation_satisfies_its_schema(contracts):
    """The 50 recordings of operations that the documents have all validate against them."""
    validated = set()
    for path in sorted((contracts / "recordings").glob("*.json")):
        recorded = recording(path.stem)
        for document in DOCUMENTS:
            if recorded["operation"] in library.operations(document):
                errors = schema_errors(document, recorded["operation"], recorded["status"], recorded["body"])
                assert errors == [], (path.stem, document)
                validated.add(path.stem)
    assert len(validated) == 50


def test_a_wrong_type_and_an_unknown_enum_value_are_schema_errors(contracts):
    """A reply with a member of the wrong type, or outside a closed enum, is found at fault by its path."""
    body = recording("key_create_rsa_2023_200")["body"]
    body["attributes"]["enabled"] = "yes"
    body["key"]["kty"] = "DSA"
    places = {error.partition(":")[0] for error in schema_errors(KEYS, "CreateKey", 200, body)}
    assert places == {"attributes.enabled", "key.kty"}


def test_a_status_that_is_not_documented_is_held_to_the_error_schema(contracts):
    """A 404 is validated as `default`, so that an error of another shape is found."""
    assert schema_errors(KEYS, "GetKey", 404, {"error": {"code": "KeyNotFound", "message": "no"}}) == []
    assert schema_errors(KEYS, "GetKey", 404, {"error": "KeyNotFound"}) != []


def test_structure_tells_absent_from_null_and_notices_types(contracts):
    """A null where nothing was recorded, a missing member and another type are each reported."""
    name = "key_versions_list_two_200"
    body = recording(name)["body"]
    assert structure_errors(name, body) == []
    changed = json.loads(json.dumps(body))
    changed["nextLink"] = "https://example.invalid/"
    changed["value"][0]["managed"] = None
    for item in changed["value"]:
        del item["kid"]
    assert structure_errors(name, changed) == [
        "value[].kid: missing",
        "value[].managed: not in the recording",
        "nextLink: string, recorded null",
    ]


def test_structure_leaves_out_what_it_is_told_to(contracts):
    """Free paths are not looked into, and newer and older members may differ."""
    name = "key_create_rsa_tags_200"
    body = recording(name)["body"]
    body["tags"] = {"other": "tag"}
    body["attributes"]["hsmPlatform"] = "0"
    del body["attributes"]["recoveryLevel"]
    assert len(structure_errors(name, body)) == 5
    allowed = {"newer": ["attributes.hsmPlatform"], "older": ["attributes.recoveryLevel"]}
    assert structure_errors(name, body, free=["tags"], **allowed) == []
