// A receiver of callbacks, which verifies each call by the rules of Standard Webhooks.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { Schemas } from './client.js';

export interface Callback {
  type: string;
  data: Omit<Schemas['JobEnded'], 'results'>;
}

const tolerance = 5 * 60; // Seconds. An older call may be a recorded one that is sent again.

/** Reports whether the holder of the secret has sent the body within the last minutes. */
function isAuthentic(secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const id = headers['webhook-id'];
  const timestamp = Number(headers['webhook-timestamp']);
  const signatures = String(headers['webhook-signature'] ?? '');

  if (!id || !(Math.abs(Date.now() / 1000 - timestamp) < tolerance)) return false;

  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();

  // During a rotation of secrets, there are two signatures.
  return signatures.split(' ').some((versioned) => {
    const [version, signature = ''] = versioned.split(',');
    const given = Buffer.from(signature, 'base64');

    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** Starts a receiver. next waits for the next authentic callback. */
export async function receive(secret: string, port: number) {
  const arrived: Callback[] = [];
  const waiting: ((callback: Callback) => void)[] = [];
  const seen = new Set<string>(); // A call can arrive more than once. A real receiver stores the IDs in its database.

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);

    const body = Buffer.concat(chunks); // The signature concerns these bytes, not the parsed object.
    const isAccepted = isAuthentic(secret, request.headers, body);
    const id = String(request.headers['webhook-id']);

    if (isAccepted && !seen.has(id)) {
      seen.add(id);

      const callback = JSON.parse(body.toString()) as Callback;
      const waiter = waiting.shift();
      if (waiter) waiter(callback);
      else arrived.push(callback);
    }

    response.writeHead(isAccepted ? 204 : 401).end();
  });

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${port}/`,
    next: () => new Promise<Callback>((resolve) => {
      const callback = arrived.shift();
      if (callback) resolve(callback);
      else waiting.push(resolve);
    }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
