// The official client of Pipedrive, versions 1 and 2 of the API, against the simulated company.
import assert from 'node:assert/strict';
import * as v1 from 'pipedrive/v1';
import * as v2 from 'pipedrive/v2';
import { access, done, refused, step } from './run.mjs';

const two = new v2.Configuration({ accessToken: access.access_token, basePath: `${access.base_url}/api/v2` });
const one = new v1.Configuration({ accessToken: access.access_token, basePath: `${access.base_url}/api/v1` });
const persons = new v2.PersonsApi(two);
const organizations = new v2.OrganizationsApi(two);
const deals = new v2.DealsApi(two);

const firm = await step('add an organization', async () => {
  const { success, data } = await organizations.addOrganization({ AddOrganizationRequest: { name: 'Acme' } });
  assert.equal(success, true);
  return data.id;
});

const ada = await step('add a person with lists of emails and phones', async () => {
  const { data } = await persons.addPerson({ AddPersonRequest: { name: 'Ada Lovelace', org_id: firm, emails: [{ value: 'ada@example.com', primary: true, label: 'work' }, { value: 'home@example.com', primary: false, label: 'home' }], phones: [{ value: '312 555 0100', primary: true, label: 'work' }] } });
  assert.equal(typeof data.id, 'number');
  assert.equal(data.first_name, 'Ada');
  assert.equal(data.emails.length, 2);
  return data.id;
});

await step('get it', async () => {
  const { data } = await persons.getPerson({ id: ada });
  assert.equal(data.name, 'Ada Lovelace');
  assert.equal(data.org_id, firm);
});

await step('update it: a list that is given replaces the list', async () => {
  const { data } = await persons.updatePerson({ id: ada, UpdatePersonRequest: { emails: [{ value: 'new@example.com', primary: true, label: 'work' }] } });
  assert.deepEqual(data.emails.map((e) => e.value), ['new@example.com']);
  assert.equal(data.phones.length, 1);
});

const deal = await step('add a deal, with its person and its amount', async () => {
  const { data } = await deals.addDeal({ AddDealRequest: { title: 'Roof', value: 1234.56, currency: 'USD', person_id: ada, org_id: firm } });
  assert.equal(data.status, 'open');
  assert.equal(data.value, 1234.56);
  return data.id;
});

await step('update a deal', async () => {
  const { data } = await deals.updateDeal({ id: deal, UpdateDealRequest: { status: 'won' } });
  assert.equal(data.status, 'won');
  assert.ok(data.won_time);
});

await step('list several by id', async () => {
  const { data } = await persons.addPerson({ AddPersonRequest: { name: 'Bob' } });
  const list = await persons.getPersons({ ids: `${ada},${data.id}` });
  assert.deepEqual(list.data.map((p) => p.id).sort(), [ada, data.id].sort());
});

await step('walk a list by cursor', async () => {
  const ids = [];
  for (let cursor; ;) {
    const page = await persons.getPersons({ limit: 1, cursor });
    ids.push(...page.data.map((p) => p.id));
    cursor = page.additional_data?.next_cursor;
    if (!cursor) break;
  }
  assert.equal(new Set(ids).size, 2);
});

await step('search exactly', async () => {
  const { data } = await persons.searchPersons({ term: 'new@example.com', fields: 'email', exact_match: true });
  assert.deepEqual(data.items.map((i) => i.item.id), [ada]);
});

await step('a custom field, made and filled by its key', async () => {
  const fields = new v2.PersonFieldsApi(two);
  const { data } = await fields.addPersonField({ AddPersonFieldRequest: { field_name: 'Hub key', field_type: 'varchar' } });
  assert.match(data.field_code, /^[0-9a-f]{40}$/);
  const updated = await persons.updatePerson({ id: ada, UpdatePersonRequest: { custom_fields: { [data.field_code]: 'E-1' } } });
  assert.equal(updated.data.custom_fields[data.field_code], 'E-1');
});

await step('a record that is not there is refused', async () => {
  const error = await refused(() => persons.getPerson({ id: 999999 }));
  assert.equal(error.success, false); // the client gives the answer's body
  assert.ok(error.error);
});

await step('a wrong value is refused', async () => {
  const error = await refused(() => persons.addPerson({ AddPersonRequest: { name: '' } }));
  assert.equal(error.success, false);
});

await step('what changed lately, by version 1', async () => {
  const recent = await new v1.RecentsApi(one).getRecents({ since_timestamp: '2020-01-01 00:00:00' });
  assert.equal(recent.success, true);
  assert.ok(recent.data.some((r) => r.item === 'person' && r.id === ada));
});

await step('who authorised, by version 1', async () => {
  const me = await new v1.UsersApi(one).getCurrentUser();
  assert.equal(String(me.data.company_id), access.account);
});

await step('merge two persons, by version 1', async () => {
  const { data } = await persons.addPerson({ AddPersonRequest: { name: 'Ada L' } });
  const merged = await new v1.PersonsApi(one).mergePersons({ id: data.id, MergePersonsRequest: { merge_with_id: ada } });
  assert.equal(merged.data.id, ada);
});

await step('delete a deal', async () => {
  const { data } = await deals.deleteDeal({ id: deal });
  assert.equal(data.id, deal);
  const gone = await deals.getDeals({ status: 'deleted' });
  assert.deepEqual(gone.data.map((d) => d.id), [deal]);
});

await step('a token is refreshed, and used', async () => {
  const oauth = new v2.OAuth2Configuration({ clientId: access.client_id, clientSecret: access.client_secret, redirectUri: 'https://front.example/back', basePath: access.base_url, host: access.base_url });
  oauth.host = access.base_url;
  oauth.updateToken?.({ access_token: 'expired', refresh_token: access.refresh_token, expires_in: 0, token_type: 'bearer', scope: '', api_domain: access.base_url });
  const tokens = await oauth.tokenRefresh();
  assert.ok(tokens.access_token && tokens.refresh_token);
  const renewed = new v2.PersonsApi(new v2.Configuration({ accessToken: tokens.access_token, basePath: `${access.base_url}/api/v2` }));
  assert.equal((await renewed.getPerson({ id: ada })).data.id, ada);
});

done('pipedrive');
