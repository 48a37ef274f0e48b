// SPDX-License-Identifier: MIT
// npm's NATS client on a bucket: objects.cjs FOLDER PORT BUCKET list | get NAME | put NAME <FILE | delete NAME
"use strict";

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const [folder, port, bucket, command, name] = process.argv.slice(2);
const { connect, JSONCodec } = require(folder + "/nats");

async function list(store) {
	const found = [];

	for (const info of await store.list())
		found.push({ name: info.name, size: info.size, digest: info.digest, chunks: info.chunks, mtime: info.mtime });
	return found;
}

// The client compares with the digest, too; getBlob() throws if it differs.
async function get(store) {
	const blob = await store.getBlob(name);

	if (!blob)
		return null;
	return { size: blob.length, sha256: createHash("sha256").update(blob).digest("base64url") };
}

async function main() {
	const connection = await connect({ servers: "127.0.0.1:" + port });
	const store = await connection.jetstream().views.os(bucket);
	const commands = {
		list: () => list(store),
		get: () => get(store),
		put: () => store.putBlob({ name, options: { max_chunk_size: 1000 } }, readFileSync(0)),
		delete: () => store.delete(name),
	};

	process.stdout.write(JSON.stringify(await commands[command]()) + "\n");
	await connection.close();
}

main().catch((error) => {
	process.stderr.write(String(error) + "\n");
	process.exit(1);
});
