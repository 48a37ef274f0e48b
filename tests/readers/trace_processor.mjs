// SPDX-License-Identifier: MIT
// What Perfetto's trace processor makes of a trace: node trace_processor.mjs DIRECTORY TRACE SQL...
// prints the rows of each statement as JSON, on a line; 64-bit integers, infinities as text.
//
// It is the WebAssembly that ui.perfetto.dev runs, with the UI's own bridge to it, which wants to be
// in a Web Worker: it gets what it asks of one.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";

const [folder, trace, ...statements] = process.argv.slice(2);
const at = (name) => resolve(folder, name);

// What they say of themselves is not for stdout.
console.log = console.info = console.warn = console.error;
globalThis.self = globalThis;
globalThis.WorkerGlobalScope = Object;
globalThis.location = { href: pathToFileURL(at("engine.mjs")).href };
globalThis.wasmBytes = readFileSync(at("trace_processor.wasm"));

let bridge = readFileSync(at("engine_bundle.node.js"), "utf8");
for (const [from, to] of [
  ["this.useMemory64 = hasMemory64Support();", "this.useMemory64 = false;"],
  ["locateFile: (s) => s,", "locateFile: (s) => s, wasmBinary: globalThis.wasmBytes,"],
]) {
  if (!bridge.includes(from)) throw new Error("the bridge is another one: no " + from);
  bridge = bridge.replace(from, to);
}
runInThisContext(bridge);
const { EngineBase } = await import(pathToFileURL(at("engine.mjs")).href);

class Engine extends EngineBase {
  mode = "WASM";
  id = "1";

  constructor(port) {
    super();
    this.port = port;
    port.onmessage = (message) => this.onRpcResponseBytes(message.data);
  }

  rpcSendRequestBytes(data) {
    this.port.postMessage(data);
  }
}

const { port1, port2 } = new MessageChannel();
globalThis.onmessage({ data: port1 });
const engine = new Engine(port2);
const bytes = new Uint8Array(readFileSync(trace));
// one request is at most 64 MiB
for (let from = 0; from < bytes.length; from += 32 << 20)
  await engine.parse(bytes.subarray(from, from + (32 << 20)));
await engine.notifyEof();
for (const statement of statements) {
  const result = await engine.query(statement), rows = [];

  for (const row = result.iter({}); row.valid(); row.next())
    rows.push(Object.fromEntries(result.columns().map((column) => [column, row.get(column)])));
  const text = JSON.stringify(rows, (_, value) =>
    typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)) ? String(value) : value);
  await new Promise((done) => process.stdout.write(text + "\n", done));
}
process.exit(0);
