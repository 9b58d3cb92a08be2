// A client of Jobwright's API, on the types that openapi-typescript has generated.

import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

export const url = process.env.JOBWRIGHT_URL ?? 'http://127.0.0.1:8080';
export const key = process.env.JOBWRIGHT_KEY ?? 'dev';

export type Schemas = components['schemas'];

/** The status of a job, while it runs and at its end. */
export type Status = Schemas['Progress'] | Schemas['JobEnded'];

/** An error that the API reported, or with which a job ended. */
export class JobwrightError extends Error {
  override name = 'JobwrightError';

  constructor(
    readonly code: string, // Stable: docs/errors.md lists the codes.
    message: string,
    readonly details: object,
  ) {
    super(message);
  }
}

export const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Sends a request. Repeats it while the API asks for that, or does not respond: with a jobId, every call can be repeated. */
async function send(request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(request.clone());
      const isTemporary = response.status === 429 || response.status === 503;

      if (!isTemporary || attempt === 10) return response;
      await sleep(Number(response.headers.get('retry-after') ?? 1));
    } catch (error) {
      if (attempt === 10) throw error;
      await sleep(Math.min(2 ** attempt / 10, 10));
    }
  }
}

/** The calls of the API, by their paths. */
export const api = createClient<paths, 'application/json'>({
  baseUrl: url,
  headers: { authorization: `Bearer ${key}` },
  fetch: send,
});

/** Returns the result of a call, or throws its error. */
export async function resultOf<R>(
  call: Promise<{ data?: { result: R }; error?: { result: { code?: string; message?: string } } }>,
): Promise<R> {
  const { data, error } = await call;
  if (data) return data.result;

  const failed = error?.result ?? {};
  throw new JobwrightError(failed.code ?? 'unknown', failed.message ?? 'the response is not one of the API', failed);
}

/** Waits until a job has ended, and returns its status with a first page of its results. */
export async function end(appId: string, jobId: string): Promise<Schemas['JobEnded']> {
  for (;;) {
    const status: Status = await resultOf(
      api.GET('/api/v1/getJobStatus', { params: { query: { appId, jobId, waitSeconds: 60, limit: 100 } } }),
    );

    if ('results' in status) return status;
  }
}

/** Yields the records of a result, of any size, one page at a time. */
export async function* records(appId: string, jobId: string, resultName: string, limit = 1000) {
  for (let offset: number | undefined = 0; offset !== undefined; ) {
    const status: Status = await resultOf(
      api.GET('/api/v1/getJobStatus', { params: { query: { appId, jobId, resultName, offset, limit } } }),
    );

    const page: Schemas['ResultSet'] | undefined = 'results' in status ? status.results[0] : undefined;
    yield* page?.result.records ?? [];
    offset = page?.nextOffset;
  }
}

/** Yields the jobs that a filter selects, the newest first, one page after the other. */
export async function* jobs(filter: Omit<Schemas['GetJobsRequest'], 'cursor'>) {
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Schemas['List'] = await resultOf(
      api.POST('/api/v1/getJobs', { body: { ...filter, ...(cursor && { cursor }) } }),
    );

    yield* page.jobs;
    cursor = page.nextCursor;
  }
}
