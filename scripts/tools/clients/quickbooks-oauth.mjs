// intuit-oauth against the simulated token endpoint and company.
import assert from 'node:assert/strict';
import OAuthClient from 'intuit-oauth';
import { access, done, refused, step } from './run.mjs';

OAuthClient.tokenEndpoint = access.token_url;
const client = new OAuthClient({ clientId: access.client_id, clientSecret: access.client_secret, environment: 'sandbox', redirectUri: 'https://front.example/back' });
const api = (path) => `${access.base_url}/v3/company/${access.account}/${path}`;

await step('refresh with a refresh token', async () => {
  const answer = await client.refreshUsingToken(access.refresh_token);
  const token = answer.getToken ? answer.getToken() : answer.getJson();
  assert.ok(token.access_token && token.refresh_token);
  assert.equal(token.token_type, 'bearer');
  assert.equal(token.expires_in, 3600);
  assert.ok(token.x_refresh_token_expires_in > 0);
  client.setToken(token);
});

const made = await step('call the API with it', async () => {
  const answer = await client.makeApiCall({ url: api('customer?minorversion=75'), method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ DisplayName: 'Ada' }) });
  const { Customer } = answer.json ?? answer.getJson();
  assert.equal(Customer.DisplayName, 'Ada');
  return Customer;
});

await step('read and query', async () => {
  const read = await client.makeApiCall({ url: api(`customer/${made.Id}?minorversion=75`) });
  assert.equal((read.json ?? read.getJson()).Customer.Id, made.Id);
  const found = await client.makeApiCall({ url: api(`query?minorversion=75&query=${encodeURIComponent("select * from Customer where DisplayName = 'Ada'")}`) });
  assert.equal((found.json ?? found.getJson()).QueryResponse.Customer.length, 1);
});

await step('refresh again with what was returned: the token before is used up', async () => {
  await client.refresh();
  assert.ok(client.isAccessTokenValid());
  const read = await client.makeApiCall({ url: api(`customer/${made.Id}?minorversion=75`) });
  assert.equal((read.json ?? read.getJson()).Customer.Id, made.Id);
  const error = await refused(() => client.refreshUsingToken(access.refresh_token));
  assert.match(`${error.message} ${error.error}`, /invalid_grant|400/);
});

await step('a wrong token is refused', async () => {
  client.setToken({ access_token: 'wrong', refresh_token: 'wrong', token_type: 'bearer', expires_in: 3600, x_refresh_token_expires_in: 100 });
  await refused(() => client.makeApiCall({ url: api(`customer/${made.Id}?minorversion=75`) }));
});

done('intuit-oauth');
