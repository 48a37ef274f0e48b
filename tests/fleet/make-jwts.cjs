// SPDX-License-Identifier: MIT
//
// JWTs of NATS, for tests: node make-jwts.cjs NODE_MODULES <USERS
//	USERS, in JSON	{NAME: {pub: [SUBJECT...], sub: [SUBJECT...], may_answer: bool, is_expired: bool,
//			is_of_other: bool}}
//	stdout, in JSON	{config: for nats-server, creds: {NAME: a credentials file}}
// A user of another account is signed by one that the server does not know.
"use strict";

const crypto = require("crypto");
const nkeys = require(process.argv[2] + "/nkeys.js");

const HEADER = { typ: "JWT", alg: "ed25519-nkey" };
const DAY_S = 86400;
const NO_LIMITS = {
	subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1,
};
// the system's account may have none
const JETSTREAM = {
	mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1, mem_max_stream_bytes: -1,
	disk_max_stream_bytes: -1, max_bytes_required: false,
};
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(bytes) {
	let bits = "";

	for (const byte of bytes)
		bits += byte.toString(2).padStart(8, "0");
	return bits.match(/.{1,5}/g).map((five) => BASE32[parseInt(five.padEnd(5, "0"), 2)]).join("");
}

function part(value) {
	return Buffer.from(value).toString("base64url");
}

function make(key, issuer, name, nats, more) {
	const claims = {
		iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), name, sub: key.getPublicKey(),
		nats: { ...nats, version: 2 }, ...more,
	};
	const hash = crypto.createHash("sha512-256").update(JSON.stringify(claims)).digest();
	const text = part(JSON.stringify(HEADER)) + "." + part(JSON.stringify({ jti: base32(hash), ...claims }));

	return text + "." + part(issuer.sign(Buffer.from(text)));
}

function makeUser(name, user, account) {
	const key = nkeys.createUser();
	const nats = { type: "user", pub: { allow: user.pub }, sub: { allow: user.sub }, subs: -1, data: -1, payload: -1 };
	const exp = user.is_expired ? { exp: Math.floor(Date.now() / 1000) - DAY_S } : {};

	if (user.may_answer)
		nats.resp = { max: 64, ttl: 120e9 };
	const jwt = make(key, account, name, nats, exp);
	return `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n` +
		`-----BEGIN USER NKEY SEED-----\n${Buffer.from(key.getSeed())}\n------END USER NKEY SEED------\n`;
}

const operator = nkeys.createOperator(), account = nkeys.createAccount(), system = nkeys.createAccount();
const other = nkeys.createAccount();
const users = JSON.parse(require("fs").readFileSync(0));
const preload = [[account, "fleet", JETSTREAM], [system, "SYS", {}]].map(([key, name, more]) =>
	`${key.getPublicKey()}: ${make(key, operator, name, { type: "account", limits: { ...NO_LIMITS, ...more } })}`);
const creds = {};

for (const [name, user] of Object.entries(users))
	creds[name] = makeUser(name, user, user.is_of_other ? other : account);
console.log(JSON.stringify({
	config: `operator: ${make(operator, operator, "operator", { type: "operator" })}\n` +
		`system_account: ${system.getPublicKey()}\nresolver: MEMORY\nresolver_preload: { ${preload.join("\n")} }\n`,
	creds,
}));
