// The driver of the JavaScript client of WaveSpeed (npm: wavespeed). It uses the public API.
//
// Arguments: the folder of the package, the name of the profile. Everything else comes over the
// socket, as protocol.md describes. The client has its own defaults.
"use strict";

const net = require("node:net");
const path = require("node:path");
const readline = require("node:readline");

const [folder, name] = process.argv.slice(2);
const { Client } = require(folder);
const { version } = require(path.join(folder, "package.json"));

const FEATURES = ["run", "upload", "any_model", "media_path", "media_url", "sync", "parallel"];
// The releases before 0.3 upload by one multipart request.
if (!/^0\.[0-2]\./.test(version)) FEATURES.push("presigned_uploads");

const [host, port] = process.env.VISEME_CONFORMANCE.split(":");
const socket = net.connect(Number(port), host, () => {
  socket.setNoDelay(true);
  send({ type: "hello", protocol: 1, name, version, language: "node", features: FEATURES });
});
readline.createInterface({ input: socket }).on("line", (text) => {
  const message = JSON.parse(text);
  if (message.type === "run") execute(message);
  if (message.type === "bye") process.exit(0);
});
socket.on("close", () => process.exit(1));
// Unhandled rejections of the client must not end the driver.
process.on("unhandledRejection", (reason) => console.error("unhandled rejection:", reason));

function send(message) {
  socket.write(JSON.stringify(message) + "\n");
}

async function execute(message) {
  const outcome = { type: "outcome", id: message.id };
  try {
    outcome.value = await operate(message);
  } catch (error) {
    outcome.error = describeError(error);
  }
  send(outcome);
}

async function operate({ op, client: config, input, options }) {
  const client = new Client(config.key, { baseUrl: config.base_url });
  if (op === "upload") return { url: await client.upload(input.medium.path) };
  const fields = { ...input.params };
  for (const [field, medium] of Object.entries(input.media)) {
    fields[field] = medium.url ?? (await client.upload(medium.path));
  }
  const result = await client.run(input.model, fields, { enableSyncMode: Boolean(options.sync) });
  const outputs = result.outputs ?? [];
  const first = outputs[0];
  return { status: "completed", outputs, output_url: first?.url ?? first };
}

function describeError(error) {
  const text = [];
  for (let cause = error; cause; cause = cause.cause) {
    text.push(String(cause), cause.stack ?? "", JSON.stringify(cause) ?? "");
  }
  const classes = [];
  for (let kind = error?.constructor; kind?.name && kind.name !== "Error"; kind = Object.getPrototypeOf(kind)) {
    classes.push(kind.name);
  }
  return { classes, message: error?.message || String(error), text: text.join("\n"), attributes: {} };
}
