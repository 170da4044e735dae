// The official client of HubSpot against the simulated portal.
import assert from 'node:assert/strict';
import { Client } from '@hubspot/api-client';
import { access, done, refused, step } from './run.mjs';

const client = new Client({ accessToken: access.access_token, basePath: access.base_url, numberOfApiCallRetries: 0 });
const { contacts, companies, deals } = client.crm;

const ada = await step('create a contact', async () => {
  const made = await contacts.basicApi.create({ properties: { email: 'Ada@Example.com', firstname: 'Ada', lastname: 'Lovelace' } });
  assert.match(made.id, /^\d+$/);
  assert.equal(made.properties.email, 'ada@example.com');
  assert.ok(made.createdAt instanceof Date);
  return made;
});

await step('read it by id, with a blank property as null', async () => {
  const read = await contacts.basicApi.getById(ada.id, ['email', 'phone']);
  assert.equal(read.properties.email, 'ada@example.com');
  assert.equal(read.properties.phone, null);
  assert.equal(read.archived, false);
});

await step('read it by a unique property', async () => {
  const read = await contacts.basicApi.getById('ada@example.com', ['email'], undefined, undefined, false, 'email');
  assert.equal(read.id, ada.id);
});

await step('update it', async () => {
  const updated = await contacts.basicApi.update(ada.id, { properties: { phone: '312-555-0100' } });
  assert.equal(updated.properties.phone, '312-555-0100');
});

await step('a second contact of one email is a conflict that names the first', async () => {
  const error = await refused(() => contacts.basicApi.create({ properties: { email: 'ada@example.com' } }));
  assert.equal(error.code, 409);
  assert.equal(error.body.category, 'CONFLICT');
  assert.match(error.body.message, new RegExp(`Existing ID: ${ada.id}`));
});

const batch = await step('create in a batch, told apart by trace ids', async () => {
  const inputs = [1, 2, 3].map((n) => ({ objectWriteTraceId: `t${n}`, associations: [], properties: { email: `b${n}@example.com`, lastname: `B${n}` } }));
  const answer = await contacts.batchApi.create({ inputs });
  assert.equal(answer.status, 'COMPLETE');
  assert.equal(answer.results.length, 3);
  return answer.results.sort((a, b) => Number(a.id) - Number(b.id));
});

await step('read a batch, with an id that is not there', async () => {
  const answer = await contacts.batchApi.read({ inputs: [{ id: batch[0].id }, { id: '999999' }], properties: ['email'], propertiesWithHistory: [] });
  assert.equal(answer.results.length, 1);
  assert.equal(answer.numErrors, 1);
  assert.deepEqual(answer.errors[0].context.ids, ['999999']);
});

await step('update a batch', async () => {
  const answer = await contacts.batchApi.update({ inputs: batch.map((b) => ({ id: b.id, properties: { city: 'Leeds' } })) });
  assert.deepEqual(answer.results.map((r) => r.properties.city), ['Leeds', 'Leeds', 'Leeds']);
});

await step('upsert by a unique property, twice', async () => {
  const inputs = [{ id: 'E-1', idProperty: 'fluxcascade_id', objectWriteTraceId: '0', properties: { fluxcascade_id: 'E-1', lastname: 'Upserted' } }];
  const first = await contacts.batchApi.upsert({ inputs });
  const again = await contacts.batchApi.upsert({ inputs });
  assert.equal(first.results[0].id, again.results[0].id);
  assert.equal(first.results[0]._new, true);
  assert.equal(again.results[0]._new, false);
});

await step('search, sorted either way, in pages', async () => {
  const ask = { filterGroups: [{ filters: [{ propertyName: 'city', operator: 'EQ', value: 'Leeds' }] }], properties: ['email'], limit: 2 };
  const first = await contacts.searchApi.doSearch({ ...ask, sorts: ['-createdate'] });
  assert.equal(first.total, 3);
  assert.equal(first.results.length, 2);
  const rest = await contacts.searchApi.doSearch({ ...ask, sorts: [{ propertyName: 'createdate', direction: 'DESCENDING' }], after: first.paging.next.after });
  assert.equal(rest.results.length, 1);
  assert.equal(rest.paging, undefined);
});

await step('walk the list', async () => {
  const all = await contacts.getAll(2, undefined, ['email']);
  assert.equal(all.length, 5);
});

await step('a deal with its contact, and the company of a contact', async () => {
  const deal = await deals.basicApi.create({
    properties: { dealname: 'Roof', dealstage: 'closedwon', amount: '1234.56' },
    associations: [{ to: { id: ada.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 3 }] }],
  });
  const tied = await client.crm.associations.v4.basicApi.getPage('deals', deal.id, 'contacts');
  assert.equal(String(tied.results[0].toObjectId), ada.id);
  assert.equal(tied.results[0].associationTypes[0].typeId, 3);
  const firm = await companies.basicApi.create({ properties: { name: 'Acme', domain: 'acme.example' } });
  await client.crm.associations.v4.batchApi.createDefault('contacts', 'companies', { inputs: [{ _from: { id: ada.id }, to: { id: firm.id } }] });
  const of = await client.crm.associations.v4.batchApi.getPage('contacts', 'companies', { inputs: [{ id: ada.id }] });
  assert.equal(String(of.results[0].to[0].toObjectId), firm.id);
});

await step('a property of unique values', async () => {
  const made = await client.crm.properties.coreApi.create('companies', { name: 'hub_key', label: 'Hub key', type: 'string', fieldType: 'text', groupName: 'companyinformation', hasUniqueValue: true });
  assert.equal(made.hasUniqueValue, true);
  const all = await client.crm.properties.coreApi.getAll('companies');
  assert.ok(all.results.some((p) => p.name === 'hub_key'));
});

await step('merge two contacts: the loser answers as the winner', async () => {
  await contacts.basicApi.merge({ primaryObjectId: batch[0].id, objectIdToMerge: batch[1].id });
  const read = await contacts.basicApi.getById(batch[1].id);
  assert.equal(read.id, batch[0].id);
});

await step('archive one, and read it among the archived', async () => {
  await contacts.basicApi.archive(batch[2].id);
  assert.equal((await refused(() => contacts.basicApi.getById(batch[2].id))).code, 404);
  const kept = await contacts.basicApi.getById(batch[2].id, undefined, undefined, undefined, true);
  assert.equal(kept.archived, true);
});

await step('pipelines and owners', async () => {
  const pipelines = await client.crm.pipelines.pipelinesApi.getAll('deals');
  assert.ok(pipelines.results[0].stages.some((s) => s.id === 'closedwon'));
  const owners = await client.crm.owners.ownersApi.getPage();
  assert.match(owners.results[0].email, /@/);
});

await step('refresh a token, and call with it', async () => {
  const grant = await client.oauth.tokensApi.create('refresh_token', undefined, undefined, access.client_id, access.client_secret, access.refresh_token);
  assert.equal(grant.tokenType, 'bearer');
  assert.equal(grant.expiresIn, 1800);
  const renewed = new Client({ accessToken: grant.accessToken, basePath: access.base_url });
  assert.equal((await renewed.crm.contacts.basicApi.getById(ada.id)).id, ada.id);
});

await step('a wrong token is refused', async () => {
  const stranger = new Client({ accessToken: 'wrong', basePath: access.base_url });
  assert.equal((await refused(() => stranger.crm.contacts.basicApi.getById(ada.id))).code, 401);
});

done('@hubspot/api-client');
