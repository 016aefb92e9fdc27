// Runs the mock server on a free port of this machine and prints where, in one line.
//
// Its settings come as one line of JSON on standard input, and it stops when that is closed: it outlives no test run.
//   keys      the API keys that it lets in
//   polls     how often a job of fal's queue is asked about until it runs, and until it is done
//   pictures  files below /pictures/, by name, in base64; they are given only to those who show no key
//
// Two things stand in front of it. The header by which it tells fal's requests from others, which elsewhere a proxy of
// fal's client adds; and the pictures, for it has no place from which a result can be downloaded.

import { createInterface } from "node:readline";
import { createServer } from "@copilotkit/aimock";

const input = createInterface({ input: process.stdin });
const { value: line } = await input[Symbol.asyncIterator]().next();
const settings = JSON.parse(line);
process.stdin.on("end", () => process.exit(0)).resume();

const [pollsBeforeInProgress, pollsBeforeCompleted] = settings.polls;
const { server, url } = await createServer([], {
  host: "127.0.0.1",
  port: 0,
  auth: { apiKeys: settings.keys },
  falQueue: { pollsBeforeInProgress, pollsBeforeCompleted },
});

const KEY_HEADERS = ["authorization", "api-key", "x-api-key", "x-goog-api-key"];

function deliver(request, response) {
  const picture = settings.pictures[request.url.slice("/pictures/".length)];
  const status = KEY_HEADERS.some((name) => name in request.headers) ? 400 : picture ? 200 : 404;
  response.writeHead(status, { "Content-Type": "image/png" });
  response.end(status === 200 ? Buffer.from(picture, "base64") : undefined);
}

const [answer] = server.listeners("request");
server.removeAllListeners("request");
server.on("request", (request, response) => {
  if (request.url.startsWith("/pictures/")) return deliver(request, response);
  if (request.url.startsWith("/fal/")) request.headers["x-fal-target-host"] = "queue.fal.run";
  return answer(request, response);
});

console.log(url);
