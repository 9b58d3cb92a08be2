// What a newcomer does with Jobwright, from the first job to callbacks.

import { randomUUID } from 'node:crypto';
import { api, end, JobwrightError, jobs, records, resultOf, type Schemas, sleep } from './client.js';
import { receive } from './receiver.js';
import { watch } from './watch.js';

const appId = 'shop';
const run = randomUUID(); // Makes the jobIds of this run of the program unique.

async function start(jobId: string, scenario: string, parameters = {}, more: Partial<Schemas['ExecuteJobRequest']> = {}) {
  return resultOf(
    api.POST('/api/v1/executeJob', {
      body: { appId, jobId, operation: { opName: 'RunScenario', opParams: { scenario, parameters } }, ...more },
    }),
  );
}

async function errorOf(call: Promise<unknown>): Promise<JobwrightError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof JobwrightError) return error;
    throw error;
  }

  throw new Error('the call succeeded');
}

/** The time a day ago. */
const yesterday = () => new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString();

interface ScheduleName {
  appId: string;
  schedule: string;
}

async function scheduled(query: ScheduleName): Promise<Schemas['Status']> {
  const { schedules } = await resultOf(api.GET('/api/v1/getSchedules', { params: { query } }));
  if (!schedules[0]) throw new Error(`there is no schedule ${query.schedule}`);

  return schedules[0];
}

/** Waits for the end of a firing. Temporal lists firings some moments late. */
async function firingEnd(query: ScheduleName, jobId: string): Promise<Schemas['Run']> {
  for (;;) {
    const firing = (await scheduled(query)).runs.find((one) => one.jobId === jobId);
    if (firing && firing.status !== 'running') return firing;
    await sleep(0.2);
  }
}

// Start a job, wait for its end, and read its rows.
const companies = `companies ${run}`;
await start(companies, 'Companies', { country: 'DE' });

const loaded = await end(appId, companies);
console.log(`job: ${loaded.status}, ${loaded.steps?.map((step) => `${step.title} ${step.rows}`).join(', ')}`);

for await (const company of records(appId, companies, 'companies', 1)) {
  console.log(`row: ${company['id']} ${company['company_name']}`);
}

// The same request finds the same job. Another request with its jobId is an error.
await start(companies, 'Companies', { country: 'DE' });
console.log(`taken: ${(await errorOf(start(companies, 'Companies', { country: 'US' }))).code}`);

// A mistake is reported before a job starts.
const mistake = await errorOf(start(`mistake ${run}`, 'Companies', { country: 49 }));
const { problems } = mistake.details as Schemas['Error'];
console.log(`mistake: ${mistake.code}, ${problems?.map((problem) => `${problem.code} at ${problem.path}`).join()}`);

// Watch a job that waits for a signal and then fails. Its end is reported to a callback.
const receiver = await receive(process.env.JOBWRIGHT_APP_SHOP_WEBHOOK_SECRET ?? '', Number(process.env.RECEIVER_PORT ?? 8090));
const approval = `approval ${run}`;
await start(approval, 'Approve', {}, { callback: { url: receiver.url }, labels: { purpose: 'example' } });

let version = -1;

for await (const status of watch(appId, approval)) {
  if ((status.version ?? 0) <= version) throw new Error('the version of the status has not grown');
  version = status.version ?? 0;

  if ('signals' in status && status.signals) {
    console.log(`watched: ${status.status}, waits for ${status.signals[0]?.name}`);
    await resultOf(
      api.POST('/api/v1/signalJob', {
        body: { appId, jobId: approval, signal: 'approval', signalId: '1', data: { approved: false } },
      }),
    );
  }

  if ('code' in status) console.log(`watched: ${status.status}, ${status.code} in step ${status.step?.path}`);
}

const callback = await receiver.next();
console.log(`callback: ${callback.type} ${callback.data.jobId === approval}, ${callback.data.code}`);

// Run the job again from the step that failed: the approval is not awaited again.
const again = await resultOf(api.POST('/api/v1/retryJob', { body: { appId, jobId: approval, fromStep: 'failed' } }));
const repeated = await end(appId, again.jobId);
console.log(`retried: ${again.jobId === `${approval}~2`}, ${repeated.status}, ${repeated.code}`);

// Find the failures of the last day, and run one again from the step that failed, with a corrected parameter.
for (const file of ['countrys.csv', 'approved.csv']) {
  await start(`${file} ${run}`, 'Import', { file }, { labels: { run } });
  await end(appId, `${file} ${run}`);
}

for await (const job of jobs({ appId, status: 'completedWithError', endedFrom: yesterday(), labels: { run } })) {
  console.log(`failed: ${job.jobId.replace(run, '').trim()}, ${job.scenario}, ${job.code}`);
}

const corrected = await resultOf(
  api.POST('/api/v1/retryJob', {
    body: { appId, jobId: `countrys.csv ${run}`, fromStep: 'failed', parameters: { file: 'countries.csv' } },
  }),
);
const imported = await end(appId, corrected.jobId);
const steps = imported.steps?.map((step) => `${step.title} ${step.takenOver ? 'taken over' : step.rows}`);
console.log(`corrected: ${imported.status}, ${steps?.join(', ')}`);

// Run it again as a whole, and stop it.
const whole = await resultOf(api.POST('/api/v1/retryJob', { body: { appId, jobId: approval, newJobId: `whole ${run}` } }));
const stopping = await resultOf(api.POST('/api/v1/stopJob', { body: { appId, jobId: whole.jobId } }));
console.log(`stopped: ${stopping.status}, ${(await end(appId, whole.jobId)).status}`);

// What a scenario reads and writes is known before it runs.
const lineage = await resultOf(api.GET('/api/v1/getLineage', { params: { query: { appId, scenarioName: 'Companies' } } }));
console.log(`lineage: ${Object.keys(lineage).sort().join(', ')}`);

// Pause a schedule, let it fire now in spite of that, and resume it.
const nightly = { appId, schedule: 'nightly' };
const before = await scheduled(nightly);
console.log(`schedule: ${before.name}, ${before.cron} in ${before.timeZone}, ${before.next.length > 0}`);

const paused = await resultOf(api.POST('/api/v1/pauseSchedule', { body: { ...nightly, note: 'maintenance' } }));
const fired = await resultOf(api.POST('/api/v1/runSchedule', { body: nightly }));
const firing = await firingEnd(nightly, fired.jobId);
console.log(`fired: ${firing.status} while paused: ${paused.paused}, ${(await end(appId, fired.jobId)).results.length} result`);

const resumed = await resultOf(api.POST('/api/v1/resumeSchedule', { body: nightly }));
console.log(`resumed: ${!resumed.paused}, ${(await scheduled(nightly)).runs.some((one) => one.jobId === fired.jobId)}`);

receiver.close();
