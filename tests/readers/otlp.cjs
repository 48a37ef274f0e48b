// SPDX-License-Identifier: MIT
// Lines of OTLP/JSON through OpenTelemetry's own protobuf definitions: node otlp.cjs DIRECTORY FILE
// fails where a key, a value or its type is not theirs, and prints how many logs and spans there are.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const Module = require("node:module");
const { resolve } = require("node:path");

const [folder, file] = process.argv.slice(2);
const find = Module._resolveFilename;

globalThis.Long = require(resolve(folder, "long/umd/index.js"));
Module._resolveFilename = (name, ...rest) =>
  find(name === "protobufjs/minimal" ? resolve(folder, "protobufjs/dist/minimal/protobuf.js") : name, ...rest);

const { collector } = require(resolve(folder, "otlp-transformer/build/src/generated/root.js")).opentelemetry.proto;
const TYPES = {
  resourceLogs: collector.logs.v1.ExportLogsServiceRequest,
  resourceSpans: collector.trace.v1.ExportTraceServiceRequest,
};
const IDS = { traceId: 32, spanId: 16, parentSpanId: 16 };

// OTLP's one deviation from protobuf's JSON mapping: ids are hexadecimal, other bytes base64.
function plain(value, key) {
  if (key in IDS) {
    assert.match(value, new RegExp(`^[0-9a-f]{${IDS[key]}}$`));
    return Buffer.from(value, "hex").toString("base64");
  }
  // NaN and the infinities are text in both
  if (key === "doubleValue") return Number.isFinite(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name)]));
}

const counts = { logRecords: 0, spans: 0 };
for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
  const given = plain(JSON.parse(line));
  const [[kind, resources], ...more] = Object.entries(given);
  const Type = TYPES[kind];

  assert.equal(more.length, 0);
  const read = Type.decode(Type.encode(Type.fromObject(given)).finish());
  const again = Type.toObject(read, { longs: String, enums: Number, bytes: String, json: true });
  // a list without items is no list to protobuf
  assert.deepEqual(again, resources.length ? given : {});
  for (const resource of resources)
    for (const scope of resource.scopeLogs ?? resource.scopeSpans)
      for (const items of ["logRecords", "spans"]) counts[items] += scope[items]?.length ?? 0;
}
console.log(JSON.stringify(counts));
