// Node's http or https as a receiver: node node_server.js <file descriptor> [<PEM file>]
// Answers each POST with the SHA-256 of its body; below /close the connection is closed after it.
const crypto = require("node:crypto");
const fs = require("node:fs");

function answer(request, response) {
  const digest = crypto.createHash("sha256");
  request.on("data", (part) => digest.update(part));
  request.on("end", () => {
    if (request.url.startsWith("/close")) response.setHeader("Connection", "close");
    response.end(digest.digest("hex"));
  });
}

const [descriptor, pem] = process.argv.slice(2);
let server;
if (pem) {
  const text = fs.readFileSync(pem);
  server = require("node:https").createServer({ key: text, cert: text }, answer);
} else {
  server = require("node:http").createServer(answer);
}
server.listen({ fd: Number(descriptor) });
