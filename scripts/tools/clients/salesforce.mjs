// jsforce against the simulated org. It keeps the calls of one record, collections, queries with their locators, upserts,
// describes, deletions and the refresh of a session.
import assert from 'node:assert/strict';
import jsforce from 'jsforce';
import { access, done, refused, step } from './run.mjs';

const oauth2 = { loginUrl: access.base_url, clientId: access.client_id, clientSecret: access.client_secret };
const org = new jsforce.Connection({ instanceUrl: access.base_url, accessToken: access.access_token, version: '66.0', oauth2 });

const account = await step('create an account', async () => {
  const made = await org.sobject('Account').create({ Name: 'Acme', Phone: '4155550100' });
  assert.equal(made.success, true);
  assert.match(made.id, /^001[0-9A-Za-z]{15}$/);
  return made.id;
});

const contact = await step('create a contact of it', async () => {
  const made = await org.sobject('Contact').create({ LastName: 'Curie', Email: 'Marie@Example.com', AccountId: account });
  assert.equal(made.success, true);
  return made.id;
});

await step('retrieve it', async () => {
  const read = await org.sobject('Contact').retrieve(contact);
  assert.equal(read.Email, 'marie@example.com');
  assert.equal(read.AccountId, account);
  assert.equal(read.attributes.type, 'Contact');
  assert.equal(read.Title, null);
});

await step('update it', async () => {
  const updated = await org.sobject('Contact').update({ Id: contact, Title: 'Prof' });
  assert.equal(updated.success, true);
  assert.equal((await org.sobject('Contact').retrieve(contact)).Title, 'Prof');
});

await step('a record without what it needs is refused, by name', async () => {
  const error = await refused(() => org.sobject('Contact').create({ FirstName: 'Nobody' }));
  assert.equal(error.errorCode, 'REQUIRED_FIELD_MISSING');
  assert.match(error.message, /LastName/);
});

const many = await step('create a collection', async () => {
  const results = await org.sobject('Contact').create([1, 2, 3].map((n) => ({ LastName: `Batch ${n}`, Email: `b${n}@example.com` })));
  assert.deepEqual(results.map((r) => r.success), [true, true, true]);
  return results.map((r) => r.id);
});

await step('update a collection in which one fails alone', async () => {
  const results = await org.sobject('Contact').update([{ Id: many[0], Title: 'A' }, { Id: many[1], Email: 'nonsense' }]);
  assert.equal(results[0].success, true);
  assert.equal(results[1].success, false);
  assert.equal(results[1].errors[0].statusCode ?? results[1].errors[0].errorCode, 'INVALID_EMAIL_ADDRESS');
});

await step('upsert by an external id, twice', async () => {
  const first = await org.sobject('Contact').upsert({ FluxCascade_Id__c: 'E-1', LastName: 'Upserted' }, 'FluxCascade_Id__c');
  const again = await org.sobject('Contact').upsert({ FluxCascade_Id__c: 'E-1', LastName: 'Upserted again' }, 'FluxCascade_Id__c');
  assert.equal(first.success && again.success, true);
  assert.equal(first.id, again.id);
});

await step('upsert a collection', async () => {
  const results = await org.sobject('Contact').upsert([{ FluxCascade_Id__c: 'E-1', LastName: 'One' }, { FluxCascade_Id__c: 'E-2', LastName: 'Two' }], 'FluxCascade_Id__c');
  assert.deepEqual(results.map((r) => r.success), [true, true]);
});

await step('query, exactly as asked', async () => {
  const answer = await org.query("SELECT Id, LastName, CreatedDate FROM Contact WHERE Email = 'MARIE@example.com'");
  assert.equal(answer.totalSize, 1);
  assert.equal(answer.done, true);
  assert.equal(answer.records[0].Id, contact);
  assert.match(answer.records[0].CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
});

await step('a query with a field that is not there is refused', async () => {
  const error = await refused(() => org.query('SELECT Nonsense FROM Contact'));
  assert.equal(error.errorCode, 'INVALID_FIELD');
});

await step('find by conditions', async () => {
  const found = await org.sobject('Contact').find({ LastName: 'Curie' }, ['Id', 'LastName']).limit(5);
  assert.deepEqual(found.map((r) => r.Id), [contact]);
});

await step('describe', async () => {
  const told = await org.sobject('Contact').describe();
  assert.equal(told.name, 'Contact');
  const ours = told.fields.find((f) => f.name === 'FluxCascade_Id__c');
  assert.equal(ours.externalId && ours.unique, true);
});

await step('delete one and two, and see them in the recycle bin', async () => {
  assert.equal((await org.sobject('Contact').delete(many[0])).success, true);
  const results = await org.sobject('Contact').delete([many[1], many[2]]);
  assert.deepEqual(results.map((r) => r.success), [true, true]);
  assert.equal((await org.query('SELECT Id FROM Contact WHERE LastName = \'Batch 1\'')).totalSize, 0);
  const bin = await org.query('SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true', { scanAll: true, autoFetch: false });
  assert.equal(bin.totalSize, 3);
});

await step('a second deletion is refused', async () => {
  const error = await refused(() => org.sobject('Contact').delete(many[0]));
  assert.equal(error.errorCode, 'ENTITY_IS_DELETED');
});

await step('refresh a session, and call with it', async () => {
  const grant = await org.oauth2.refreshToken(access.refresh_token);
  assert.match(grant.instance_url, /^https:/);
  const renewed = new jsforce.Connection({ instanceUrl: access.base_url, accessToken: grant.access_token, version: '66.0' });
  assert.equal((await renewed.sobject('Contact').retrieve(contact)).Id, contact);
});

await step('a session that is over is refreshed by the client itself', async () => {
  const stale = new jsforce.Connection({ instanceUrl: access.base_url, accessToken: 'expired', refreshToken: access.refresh_token, version: '66.0', oauth2 });
  // The answer names an address of the vendor's, which nobody calls here.
  const refreshed = new Promise((resolve) => stale.on('refresh', (token) => { stale.instanceUrl = access.base_url; resolve(token); }));
  const read = await stale.sobject('Contact').retrieve(contact);
  assert.equal(read.Id, contact);
  assert.notEqual(await refreshed, 'expired');
});

done('jsforce');
