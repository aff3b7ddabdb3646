"""The life of a key in Key Vault, against its OpenAPI documents and its recorded replies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from helpers.rehearsal.vault import ROUTES
from helpers.rehearsal.vault.rules import after
from tests.contract.contracts import recording, structure_errors
from tests.contract.key_requests import HOST, NEW, OLD, SINCE_2019, create, problems, refusal, vault, with_key

ORG = {"anthropic-org-33333333-4444-4555-8666-777777777777": "true"}


@pytest.fixture
def cloud(make_cloud):
    """A healthy world with a vault and no keys."""
    return make_cloud("healthy", ROUTES)


def test_a_created_key_looks_like_the_recorded_one(cloud, contracts):
    """CreateKey with only a type answers as recorded in 2023: default operations, no tags, recovery for 7 days."""
    recorded = recording("key_create_rsa_2023_200")
    vault(cloud).enable_purge_protection = None
    vault(cloud).soft_delete_retention_in_days = 7
    reply = cloud.send("POST", HOST, "/keys/key-000003/create", recorded["request_body"])
    assert problems("CreateKey", reply) == []
    assert structure_errors("key_create_rsa_2023_200", reply.body) == []
    stable = ("enabled", "recoveryLevel", "recoverableDays", "exportable", "hsmPlatform")
    assert {k: reply.body["attributes"][k] for k in stable} == {k: recorded["body"]["attributes"][k] for k in stable}
    assert reply.body["key"]["key_ops"] == recorded["body"]["key"]["key_ops"]
    assert recorded["headers"].keys() - {"server"} <= reply.headers.keys()


@pytest.mark.parametrize("size", [2048, 3072, 4096])
def test_a_key_has_the_size_asked_for(cloud, size):
    """The modulus of a created key has as many bits as were asked for, and the parts asked for are kept."""
    reply = create(cloud, key_size=size, key_ops=["wrapKey", "unwrapKey"], tags=ORG)
    assert reply.status == 200
    assert len(reply.body["key"]["n"]) == -(-size // 6)
    assert reply.body["key"]["key_ops"] == ["wrapKey", "unwrapKey"]
    assert reply.body["tags"] == ORG
    assert reply.body["attributes"]["recoveryLevel"] == "Recoverable"
    assert reply.body["attributes"]["recoverableDays"] == 90


def test_an_hsm_key_is_made_on_a_premium_vault_only(cloud, contracts):
    """RSA-HSM answers as recorded on a premium vault and is refused on a standard one."""
    made = create(cloud, kty="RSA-HSM", attributes={"exp": 2527401600})
    assert problems("CreateKey", made) == []
    assert structure_errors("key_create_rsa_hsm_200", made.body, newer=SINCE_2019) == []
    vault(cloud).sku = "standard"
    refused = create(cloud, "other", kty="RSA-HSM")
    assert refusal(refused) == (400, "BadParameter", None)
    assert refused.body["error"]["message"] == "Hardware key operation not allowed on standard vault"
    assert "other" not in vault(cloud).keys


@pytest.mark.parametrize(
    ("members", "inner"),
    [
        ({"kty": "oct"}, "KeyTypeNotSupported"),
        ({"kty": None}, "KeyTypeNotSupported"),
        ({"key_size": 1024}, None),
        ({"key_size": "3072"}, None),
        ({"key_ops": ["wrap"]}, None),
        ({"tags": {f"tag-{number}": "x" for number in range(16)}}, None),
        ({"tags": {"tag": 1}}, None),
        ({"attributes": {"enabled": "yes"}}, None),
        ({"attributes": {"exp": "tomorrow"}}, None),
    ],
)
def test_a_key_that_cannot_be_is_refused_and_not_made(cloud, contracts, members, inner):
    """A wrong type, size, operation, tag or attribute is 400 BadParameter, and the vault stays as it was."""
    reply = create(cloud, **members)
    assert refusal(reply) == (400, "BadParameter", inner)
    assert problems("CreateKey", reply) == []
    assert vault(cloud).keys == {}


def test_a_bad_name_and_a_body_that_is_not_json_are_refused(cloud):
    """A key name with other than letters, digits and dashes, and a body that is no JSON object, are 400."""
    assert refusal(create(cloud, "my_key")) == (400, "BadParameter", None)
    for body in (b"{", b"[]", b"\xff"):
        assert refusal(cloud.send("POST", HOST, "/keys/cmk/create", body)) == (400, "BadParameter", None)


def test_fifteen_tags_are_allowed(cloud):
    """Fifteen tags are the most a key may have."""
    assert len(create(cloud, tags={f"tag-{number}": "x" for number in range(15)}).body["tags"]) == 15


def test_an_elliptic_curve_key_is_not_simulated(cloud):
    """What Key Vault can and the rehearsal cannot is answered 501, not refused as if Key Vault did."""
    assert create(cloud, kty="EC").status == 501


def test_creating_a_name_again_makes_a_new_current_version(cloud):
    """CreateKey on a name that exists is no conflict: it adds a version, which GetKey then answers with."""
    first, second = create(cloud, tags=ORG), create(cloud)
    kids = [first.body["key"]["kid"], second.body["key"]["kid"]]
    assert kids[0] != kids[1]
    assert all(kid.startswith(f"https://{HOST}/keys/cmk/") and len(kid.rpartition("/")[2]) == 32 for kid in kids)
    latest = cloud.send("GET", HOST, "/keys/cmk/")
    assert latest.body["key"]["kid"] == kids[1]
    assert "tags" not in latest.body


def test_get_answers_for_the_latest_and_for_a_version(cloud, contracts):
    """GetKey works with and without a version, with and without the trailing slash, whatever the case of the name."""
    with_key(cloud, tags=ORG)
    with_key(cloud, version=NEW, tags=ORG)
    for path, version in (("/keys/cmk/", NEW), ("/keys/cmk", NEW), ("/keys/CMK", NEW), (f"/keys/cmk/{OLD}", OLD)):
        reply = cloud.send("GET", HOST, path)
        assert reply.body["key"]["kid"] == f"https://{HOST}/keys/cmk/{version}"
        assert problems("GetKey", reply) == []
        assert structure_errors("key_get_latest_200", reply.body, free=["tags"], newer=SINCE_2019) == []


def test_a_missing_key_or_version_is_the_recorded_404(cloud, contracts):
    """GetKey of a name or a version that is not there answers KeyNotFound in the recorded words."""
    recorded = recording("key_not_found_404")["body"]
    assert cloud.send("GET", HOST, "/keys/key0/").body == recorded
    with_key(cloud)
    assert refusal(cloud.send("GET", HOST, f"/keys/cmk/{NEW}")) == (404, "KeyNotFound", None)


def test_a_path_below_a_version_is_not_simulated(cloud):
    """Attestation and other paths below a version are answered 501, not as if they were the key."""
    assert cloud.send("GET", HOST, f"/keys/cmk/{OLD}/attestation").status == 501


def test_a_disabled_key_is_read_in_full(cloud, contracts):
    """GET of a disabled key is 200 with its material, and the latest version is the disabled one."""
    with_key(cloud, tags={"test": "foo"}, enabled=False)
    reply = cloud.send("GET", HOST, "/keys/cmk/")
    assert (reply.status, reply.body["attributes"]["enabled"]) == (200, False)
    assert structure_errors("key_get_disabled_200", reply.body, newer=SINCE_2019) == []


def test_versions_are_listed_without_material(cloud, contracts):
    """GetKeyVersions answers with every version, its tags only where it has some, and a null nextLink."""
    with_key(cloud)
    with_key(cloud, version=NEW, tags={"test": "foo"}, enabled=False)
    reply = cloud.send("GET", HOST, "/keys/cmk/versions")
    assert problems("GetKeyVersions", reply) == []
    newer = [f"value[].{path}" for path in SINCE_2019]
    assert structure_errors("key_versions_list_two_200", reply.body, newer=newer) == []
    assert [item["kid"].rpartition("/")[2] for item in reply.body["value"]] == [OLD, NEW]


def test_versions_come_in_pages(cloud, contracts):
    """With maxresults a nextLink leads on, to the same vault, until it is null and every version was seen once."""
    for digit in "abcde":
        with_key(cloud, version=digit * 32)
    reply = cloud.send("GET", HOST, "/keys/cmk/versions", query={"api-version": "2025-07-01", "maxresults": "2"})
    newer = [f"value[].{path}" for path in SINCE_2019]
    assert structure_errors("key_versions_list_200", reply.body, newer=newer) == []
    seen, pages = [item["kid"][-1] for item in reply.body["value"]], 1
    while reply.body["nextLink"] is not None:
        link = urlsplit(reply.body["nextLink"])
        assert (link.hostname, link.port, link.path) == (HOST, 443, "/keys/cmk/versions")
        reply = cloud.send("GET", HOST, link.path, query=dict(parse_qsl(link.query)))
        seen += [item["kid"][-1] for item in reply.body["value"]]
        pages += 1
    assert (seen, pages) == (list("abcde"), 3)


@pytest.mark.parametrize("query", [{"maxresults": "0"}, {"maxresults": "26"}, {"$skiptoken": "%%"}])
def test_a_bad_page_is_refused(cloud, query):
    """A page size outside 1 to 25 and a token that is none are 400."""
    with_key(cloud)
    assert refusal(cloud.send("GET", HOST, "/keys/cmk/versions", query=query)) == (400, "BadParameter", None)


def test_keys_are_listed_by_their_name(cloud, contracts):
    """GetKeys answers with each live key once, by an id without a version."""
    with_key(with_key(cloud, "one"), "two", tags=ORG)
    with_key(cloud, "gone")
    cloud.send("DELETE", HOST, "/keys/gone")
    reply = cloud.send("GET", HOST, "/keys", query={"maxresults": "1"})
    assert problems("GetKeys", reply) == []
    following = cloud.send("GET", HOST, "/keys", query=dict(parse_qsl(urlsplit(reply.body["nextLink"]).query)))
    kids = [item["kid"] for item in reply.body["value"] + following.body["value"]]
    assert kids == [f"https://{HOST}/keys/one", f"https://{HOST}/keys/two"]
    assert following.body["nextLink"] is None


def test_an_update_keeps_what_was_not_sent(cloud, contracts):
    """UpdateKey re-enables a disabled key, keeps its tags and operations, and moves `updated`."""
    with_key(cloud, tags={"test": "foo"}, key_ops=["encrypt", "decrypt"], enabled=False)
    before = cloud.send("GET", HOST, "/keys/cmk/").body
    reply = cloud.send("PATCH", HOST, "/keys/cmk/", recording("key_update_enabled_200")["request_body"])
    assert problems("UpdateKey", reply) == []
    assert structure_errors("key_update_enabled_200", reply.body, newer=SINCE_2019) == []
    assert reply.body["attributes"]["enabled"] is True
    assert (reply.body["tags"], reply.body["key"]) == (before["tags"], before["key"])
    assert reply.body["attributes"]["updated"] > before["attributes"]["updated"]
    assert reply.body["attributes"]["created"] == before["attributes"]["created"]


def test_an_update_of_a_version_changes_that_version_only(cloud):
    """UpdateKey with a version narrows that one, and both attributes that bound its use are stored."""
    with_key(with_key(cloud), version=NEW)
    change = {"key_ops": ["wrapKey", "unwrapKey"], "attributes": {"nbf": 1700000000, "exp": 1900000000}}
    reply = cloud.send("PATCH", HOST, f"/keys/cmk/{OLD}", change)
    assert reply.body["key"]["key_ops"] == ["wrapKey", "unwrapKey"]
    assert (reply.body["attributes"]["nbf"], reply.body["attributes"]["exp"]) == (1700000000, 1900000000)
    assert len(cloud.send("GET", HOST, "/keys/cmk/").body["key"]["key_ops"]) == 6
    assert refusal(cloud.send("PATCH", HOST, f"/keys/cmk/{'a' * 32}", change))[0] == 404


def test_the_recorded_life_of_a_key_can_be_replayed(cloud, contracts):
    """Create with two tags, update to one other, delete, not yet visible, visible: structures as recorded in 2019."""
    vault(cloud).enable_purge_protection = None
    made = create(cloud, "crud-rsa-key", **recording("key_create_rsa_tags_200")["request_body"])
    assert structure_errors("key_create_rsa_tags_200", made.body, newer=SINCE_2019) == []

    change = recording("key_update_tags_200")["request_body"]
    updated = cloud.send("PATCH", HOST, "/keys/crud-rsa-key/", change)
    assert structure_errors("key_update_tags_200", updated.body, newer=SINCE_2019) == []
    assert updated.body["tags"] == {"foo": "updated tag"}
    assert updated.body["key"]["kid"] == made.body["key"]["kid"]

    deleted = cloud.send("DELETE", HOST, "/keys/crud-rsa-key")
    assert problems("DeleteKey", deleted) == []
    assert structure_errors("key_delete_200", deleted.body, newer=SINCE_2019) == []
    assert deleted.body["attributes"]["recoveryLevel"] == "Recoverable+Purgeable"

    early = cloud.send("GET", HOST, "/deletedkeys/crud-rsa-key")
    assert (early.status, early.body) == (404, recording("deleted_key_get_not_yet_404")["body"])
    cloud.world.clock.advance(1)
    late = cloud.send("GET", HOST, "/deletedkeys/crud-rsa-key")
    assert problems("GetDeletedKey", late) == []
    assert late.body == deleted.body
    assert late.body["scheduledPurgeDate"] - late.body["deletedDate"] == 90 * 24 * 3600


def test_a_soft_deleted_name_is_taken(cloud, contracts):
    """Until it is purged a deleted key cannot be read or used and its name answers 409, first as being deleted."""
    with_key(cloud)
    cloud.send("DELETE", HOST, "/keys/cmk")
    assert refusal(cloud.send("GET", HOST, "/keys/cmk/")) == (404, "KeyNotFound", None)
    assert refusal(create(cloud)) == (409, "Conflict", "ObjectIsBeingDeleted")
    assert refusal(cloud.send("POST", HOST, "/deletedkeys/cmk/recover")) == (409, "Conflict", "ObjectIsBeingDeleted")
    cloud.world.clock.advance(1)
    reply = create(cloud)
    assert refusal(reply) == (409, "Conflict", "ObjectIsDeletedButRecoverable")
    assert problems("CreateKey", reply) == []
    assert refusal(cloud.send("DELETE", HOST, "/keys/cmk")) == (404, "KeyNotFound", None)
    cloud.world.clock.advance(90 * 24 * 3600)
    assert cloud.send("GET", HOST, "/deletedkeys/cmk").status == 404
    assert create(cloud).status == 200


def test_deleted_keys_are_listed_once_visible(cloud, contracts):
    """GetDeletedKeys shows a deleted key when its deletion is done, with until when it can be recovered."""
    with_key(with_key(cloud), "live")
    cloud.send("DELETE", HOST, "/keys/cmk")
    assert cloud.send("GET", HOST, "/deletedkeys").body == {"value": [], "nextLink": None}
    cloud.world.clock.advance(1)
    reply = cloud.send("GET", HOST, "/deletedkeys")
    assert problems("GetDeletedKeys", reply) == []
    assert [item["recoveryId"] for item in reply.body["value"]] == [f"https://{HOST}/deletedkeys/cmk"]


def test_a_recovered_key_comes_back_after_a_while(cloud, contracts):
    """RecoverDeletedKey answers with the key, which then is 404 for a while and the same as before after it."""
    with_key(cloud, tags=ORG)
    before = cloud.send("GET", HOST, "/keys/cmk/").body
    cloud.send("DELETE", HOST, "/keys/cmk")
    cloud.world.clock.advance(1)
    reply = cloud.send("POST", HOST, "/deletedkeys/cmk/recover")
    assert problems("RecoverDeletedKey", reply) == []
    assert reply.body == before
    assert cloud.send("GET", HOST, "/keys/cmk/").status == 404
    assert refusal(create(cloud)) == (409, "Conflict", "ObjectIsBeingRecovered")
    cloud.world.clock.advance(1)
    assert cloud.send("GET", HOST, "/keys/cmk/").body == before
    assert refusal(cloud.send("POST", HOST, "/deletedkeys/cmk/recover")) == (404, "KeyNotFound", None)


def test_purge_protection_stands_against_a_purge(cloud, contracts):
    """PurgeDeletedKey is 403 while purge protection is on, and 204 and final where it never was."""
    with_key(cloud)
    cloud.send("DELETE", HOST, "/keys/cmk")
    cloud.world.clock.advance(1)
    refused = cloud.send("DELETE", HOST, "/deletedkeys/cmk")
    assert refusal(refused) == (403, "Forbidden", None)
    assert problems("PurgeDeletedKey", refused) == []
    assert cloud.send("GET", HOST, "/deletedkeys/cmk").status == 200
    vault(cloud).enable_purge_protection = None
    purged = cloud.send("DELETE", HOST, "/deletedkeys/cmk")
    assert (purged.status, purged.body) == (204, None)
    assert problems("PurgeDeletedKey", purged) == []
    assert refusal(cloud.send("DELETE", HOST, "/deletedkeys/cmk")) == (404, "KeyNotFound", None)
    assert create(cloud).status == 200


def test_without_soft_delete_a_deleted_key_is_gone(cloud):
    """In a vault without soft delete a key is purgeable and cannot be recovered."""
    vault(cloud).enable_soft_delete = False
    with_key(cloud)
    assert cloud.send("GET", HOST, "/keys/cmk/").body["attributes"]["recoveryLevel"] == "Purgeable"
    assert "recoveryId" not in cloud.send("DELETE", HOST, "/keys/cmk").body
    cloud.world.clock.advance(1)
    assert cloud.send("GET", HOST, "/deletedkeys/cmk").status == 404


def test_rotation_makes_a_version_that_expires_by_the_policy(cloud, contracts):
    """RotateKey answers with a new current version like the one before, expiring 30 days on as its policy says."""
    with_key(cloud, key_ops=["wrapKey", "unwrapKey"], tags=ORG)
    policy = {
        "lifetimeActions": [
            {"trigger": {"timeAfterCreate": "P15D"}, "action": {"type": "rotate"}},
            {"trigger": {"timeBeforeExpiry": "P7D"}, "action": {"type": "Notify"}},
        ],
        "attributes": {"expiryTime": "P30D"},
    }
    stored = cloud.send("PUT", HOST, "/keys/cmk/rotationpolicy", policy)
    assert problems("UpdateKeyRotationPolicy", stored) == []
    read = cloud.send("GET", HOST, "/keys/cmk/rotationpolicy")
    assert problems("GetKeyRotationPolicy", read) == []
    assert structure_errors("key_rotation_policy_get_200", read.body) == []
    assert read.body == stored.body
    assert read.body["lifetimeActions"] == recording("key_rotation_policy_get_200")["body"]["lifetimeActions"]

    rotated = cloud.send("POST", HOST, "/keys/cmk/rotate", {})
    assert problems("RotateKey", rotated) == []
    assert structure_errors("key_rotate_200", rotated.body, newer=["tags"]) == []
    attributes = rotated.body["attributes"]
    assert attributes["exp"] - attributes["created"] == 30 * 24 * 3600
    assert rotated.body["key"]["key_ops"] == ["wrapKey", "unwrapKey"]
    assert cloud.send("GET", HOST, "/keys/cmk/").body == rotated.body
    assert len(vault(cloud).keys["cmk"].versions) == 2


def test_a_key_without_a_rotation_policy_answers_with_the_default(cloud, contracts):
    """GetKeyRotationPolicy of a key for which none was set is 200 with a Notify action and no expiry."""
    with_key(cloud)
    reply = cloud.send("GET", HOST, "/keys/cmk/rotationpolicy")
    assert problems("GetKeyRotationPolicy", reply) == []
    assert [entry["action"]["type"] for entry in reply.body["lifetimeActions"]] == ["Notify"]
    assert "expiryTime" not in reply.body["attributes"]
    assert "exp" not in cloud.send("POST", HOST, "/keys/cmk/rotate").body["attributes"]


def test_a_rotated_version_is_ready_for_use(cloud):
    """RotateKey makes an enabled version without a start date, also where the one before had neither."""
    with_key(cloud, enabled=False, not_before=cloud.world.now() + timedelta(days=1), tags=ORG)
    reply = cloud.send("POST", HOST, "/keys/cmk/rotate")
    assert reply.body["attributes"]["enabled"] is True
    assert "nbf" not in reply.body["attributes"]
    assert reply.body["tags"] == ORG


@pytest.mark.parametrize(
    ("duration", "moment"),
    [("P30D", "2026-03-02"), ("P1M", "2026-02-28"), ("P1Y2M3D", "2027-04-03"), ("P11M", "2026-12-31")],
)
def test_durations_are_counted_on_the_calendar(duration, moment):
    """A month from 31 January is the last of February, and a year, two months and three days add up."""
    start = datetime(2026, 1, 31, tzinfo=UTC)
    assert after(start, duration) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "policy",
    [
        {"attributes": {"expiryTime": "a month"}},
        {"lifetimeActions": [{"trigger": {"timeAfterCreate": "P1D"}, "action": {"type": "Delete"}}]},
        {"lifetimeActions": [{"trigger": {}, "action": {"type": "Rotate"}}]},
        {"lifetimeActions": {}, "attributes": {"expiryTime": "P"}},
    ],
)
def test_a_rotation_policy_that_makes_no_sense_is_refused(cloud, policy):
    """A duration, action or trigger that is none is 400, and no policy is stored."""
    with_key(cloud)
    assert refusal(cloud.send("PUT", HOST, "/keys/cmk/rotationpolicy", policy)) == (400, "BadParameter", None)
    assert vault(cloud).keys["cmk"].rotation_policy is None


def test_reading_changes_nothing(cloud):
    """No GET changes the world, and the log says of every write that it was one."""
    with_key(cloud)
    before = cloud.world.fingerprint()
    for path in ("/keys", "/keys/cmk/", "/keys/cmk/versions", "/keys/cmk/rotationpolicy", "/deletedkeys"):
        assert cloud.send("GET", HOST, path).status == 200
    assert cloud.world.fingerprint() == before
    cloud.send("PATCH", HOST, "/keys/cmk/", {"tags": ORG})
    assert [row["wrote"] for row in cloud.journal.rows()] == [False] * 5 + [True]
