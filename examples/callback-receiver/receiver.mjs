// A receiver of Jobwright's callbacks in Node.js, without dependencies. It verifies each call and prints it.
//
//   WEBHOOK_SECRET=whsec_… node receiver.mjs [port]

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
const tolerance = 5 * 60; // Seconds. An older call may be a recorded one that is sent again.
const seen = new Set(); // The IDs of calls that were handled. A real receiver stores them in its database.

// isAuthentic reports whether the holder of the secret has sent the body within the last minutes.
function isAuthentic(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;

  if (!id || !(Math.abs(Date.now() / 1000 - timestamp) < tolerance)) {
    return false;
  }

  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();

  // During a rotation of secrets, there are two signatures.
  return signatures.split(' ').some((versioned) => {
    const [version, signature = ''] = versioned.split(',');
    const given = Buffer.from(signature, 'base64');

    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);

  const body = Buffer.concat(chunks); // The signature concerns these bytes, not the parsed object.

  if (request.method !== 'POST' || !isAuthentic(request.headers, body)) {
    response.writeHead(401).end();

    return;
  }

  const id = request.headers['webhook-id'];

  if (!seen.has(id)) { // A call can arrive more than once.
    seen.add(id);

    const { type, data } = JSON.parse(body);
    console.log(`${type}: ${data.jobId} ${data.message ?? ''}`.trimEnd());
  }

  response.writeHead(204).end(); // Any other status repeats the call later, and 410 ends the calls for this job.
});

server.listen(process.argv[2] ?? 8090, '127.0.0.1', () => {
  console.log(`Receiving at http://127.0.0.1:${server.address().port}/`);
});
