// Server-sent events of watchJob.

import { JobwrightError, key, type Status, url } from './client.js';

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Yields each status of a job up to its end. After a lost connection, it continues with the version after the last one. */
export async function* watch(appId: string, jobId: string): AsyncGenerator<Status> {
  const address = `${url}/api/v1/watchJob?${new URLSearchParams({ appId, jobId })}`;
  let lastEventId = '';
  let pause = 1000;

  for (;;) {
    try {
      const response = await fetch(address, {
        headers: { authorization: `Bearer ${key}`, ...(lastEventId && { 'last-event-id': lastEventId }) },
      });

      if (response.status === 204) return; // The last event was the end of the job.
      if (response.status === 429 || response.status >= 500) throw new Error(response.statusText);

      if (!response.ok || !response.body) {
        const { result } = (await response.json()) as { result: { code: string; message: string } };
        throw new JobwrightError(result.code, result.message, result);
      }

      for await (const event of events(response.body)) {
        if (event.id) lastEventId = event.id;
        if (event.retry) pause = Number(event.retry);
        if (event.data) yield JSON.parse(event.data) as Status;
        if (event.event === 'end') return;
      }
    } catch (error) {
      if (error instanceof JobwrightError) throw error;
    }

    await sleep(pause);
  }
}

/** Yields the fields of each event of a stream. Comments, which keep the connection open, have none. */
async function* events(stream: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, string>> {
  const decoder = new TextDecoder();
  let text = '';

  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });

    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields: Record<string, string> = {};

      for (const line of text.slice(0, end).split('\n')) {
        const [name = '', ...value] = line.split(': ');
        if (name) fields[name] = value.join(': ');
      }

      text = text.slice(end + 2);
      yield fields;
    }
  }
}
