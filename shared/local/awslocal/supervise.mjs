// Runs one server for package awslocal, in the tools' folder, and prints "ready <port>" once it takes connections.
// It ends the server, and itself, when its own input ends: when the Go process closes it, or dies in whichever way.
import { spawn } from "node:child_process";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [kind, ...rest] = process.argv.slice(1);
const end = (code) => process.exit(code);

const freePort = () => new Promise((resolve, reject) => {
  const server = net.createServer().once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const connects = (port) => new Promise((resolve) => {
  const socket = net.connect(port, "127.0.0.1");
  socket.once("connect", () => { socket.destroy(); resolve(true); });
  socket.once("error", () => resolve(false));
});

// dynamodb runs java with the arguments given, and a port that was free a moment ago; if it was taken meanwhile, java
// ends, and so does this process.
async function dynamodb([java, ...args]) {
  const port = await freePort();
  const child = spawn(java, [...args, "-port", String(port)], { stdio: ["ignore", "ignore", "inherit"] });
  child.once("error", (error) => { console.error(error.message); end(1); });
  child.once("exit", (code) => end(code ?? 1));
  process.once("exit", () => child.kill("SIGKILL"));
  while (!(await connects(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  return port;
}

// sqs runs fauxqs with one cure. Version 1.9.2 tests bodies with a regular expression without the u flag, and so
// refuses every character beyond U+FFFF, an emoji for one, which SQS takes (API reference, SendMessage, MessageBody).
async function sqs() {
  const { buildApp } = await import("fauxqs");
  const file = path.resolve("node_modules", "fauxqs", "dist", "sqs", "sqsTypes.js");
  const { INVALID_MESSAGE_BODY_CHAR: refused } = await import(pathToFileURL(file));
  refused.compile("[^\\x09\\x0A\\x0D\\x20-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]", "u");
  const app = buildApp({ logger: false });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}

process.stdin.once("end", () => end(0)).once("error", () => end(0)).resume();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => end(0));

const port = await (kind === "dynamodb" ? dynamodb(rest) : sqs());
console.log(`ready ${port}`);
