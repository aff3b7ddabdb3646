// Verifies a Sigstore bundle with @sigstore/verify, as anybody would who has never heard of this suite.
// Standard input: {bundle, key, chain}: the bundle; the public key in DER, base64, under its hint; the certificates of
// the time-stamping authority in DER, base64, its own first. It prints the payload's digest, and fails with the reason
// where the bundle is not taken.
const { createHash } = require("crypto");
const { readFileSync } = require("fs");
const { assertBundleLatest, bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const { bundle, key, chain } = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64");
const taken = bundleFromJSON(bundle);
assertBundleLatest(taken);
const keys = Object.fromEntries(Object.entries(key).map(([hint, der]) => [hint, { rawBytes: bytes(der) }]));
const certificates = chain.map((der) => ({ rawBytes: bytes(der) }));
const authorities = [{ certChain: { certificates } }];
const root = { certificateAuthorities: [], timestampAuthorities: authorities, tlogs: [], ctlogs: [] };
const wanted = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 1 };
new Verifier(toTrustMaterial(root, keys), wanted).verify(toSignedEntity(taken));
console.log(createHash("sha256").update(taken.content.dsseEnvelope.payload).digest("hex"));
