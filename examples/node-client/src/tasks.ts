import { randomUUID } from 'node:crypto';
import { api, end, JobwrightError, records, resultOf } from './client.js';

const appId = process.argv[2] ?? 'shop';

async function main() {
  const jobId = `orders-${randomUUID()}`;
  const started = await resultOf(
    api.POST('/api/v1/executeJob', {
      body: { appId, jobId, operation: { opName: 'RunScenario', opParams: { scenario: 'Main', parameters: { country: 'DE' } } } },
    }),
  );
  console.log('started', started.jobId === jobId);
  const job = await end(appId, jobId);
  console.log(job.status);
  for await (const record of records(appId, jobId, 'companies', 1)) console.log(record);
  try {
    await resultOf(
      api.POST('/api/v1/executeJob', {
        body: { appId, jobId: randomUUID(), operation: { opName: 'RunScenario', opParams: { scenario: 'Mian' } } },
      }),
    );
  } catch (error) {
    if (!(error instanceof JobwrightError)) throw error;
    console.log(error.code, error.message);
  }
}

await main();
