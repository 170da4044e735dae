// node-quickbooks against the simulated company.
import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import QuickBooks from 'node-quickbooks';
import { access, done, refused, step } from './run.mjs';

QuickBooks.V3_ENDPOINT_BASE_URL = `${access.base_url}/v3/company/`;
QuickBooks.TOKEN_URL = access.token_url;

const open = (token) => new QuickBooks(access.client_id, access.client_secret, token, false, access.account, true, false, 75, '2.0', access.refresh_token);
const books = open(access.access_token);
const call = (name, ...args) => promisify(books[name]).call(books, ...args);
const codeOf = (error) => (error.Fault ?? error.response?.data?.Fault ?? error.fault)?.Error?.[0]?.code;

const ada = await step('create a customer', async () => {
  const made = await call('createCustomer', { DisplayName: ' Ada Lovelace ', PrimaryEmailAddr: { Address: 'ada@example.com' }, BillAddr: { Line1: '1 Way', City: 'London' } });
  assert.equal(made.DisplayName, 'Ada Lovelace');
  assert.equal(made.SyncToken, '0');
  assert.match(made.MetaData.LastUpdatedTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
  return made;
});

await step('get it', async () => {
  const read = await call('getCustomer', ada.Id);
  assert.equal(read.PrimaryEmailAddr.Address, 'ada@example.com');
  assert.equal(read.BillAddr.City, 'London');
});

await step('a second customer of one name is refused', async () => {
  assert.equal(codeOf(await refused(() => call('createCustomer', { DisplayName: 'ada lovelace' }))), '6240');
});

const updated = await step('update it sparsely: what is not sent stays', async () => {
  const saved = await call('updateCustomer', { Id: ada.Id, SyncToken: ada.SyncToken, sparse: true, Notes: 'first' });
  assert.equal(saved.SyncToken, '1');
  assert.equal(saved.Notes, 'first');
  assert.equal(saved.PrimaryEmailAddr.Address, 'ada@example.com');
  return saved;
});

await step('an update with an old token is stale', async () => {
  assert.equal(codeOf(await refused(() => call('updateCustomer', { Id: ada.Id, SyncToken: '0', sparse: true, Notes: 'lost' }))), '5010');
});

const bill = await step('create an invoice for it', async () => {
  const made = await call('createInvoice', { CustomerRef: { value: ada.Id }, Line: [{ Amount: 100.1, DetailType: 'SalesItemLineDetail', SalesItemLineDetail: { ItemRef: { value: '1' } } }] });
  assert.equal(made.TotalAmt, 100.1);
  assert.equal(made.CustomerRef.value, ada.Id);
  assert.ok(made.DocNumber);
  return made;
});

await step('find customers by conditions', async () => {
  const found = await call('findCustomers', [{ field: 'DisplayName', value: 'Ada Lovelace', operator: '=' }]);
  assert.deepEqual(found.QueryResponse.Customer.map((c) => c.Id), [ada.Id]);
});

await step('find none', async () => {
  const found = await call('findCustomers', { DisplayName: 'Nobody' });
  assert.equal(found.QueryResponse.Customer, undefined);
});

await step('count and page', async () => {
  for (const n of [1, 2, 3]) await call('createCustomer', { DisplayName: `Page ${n}` });
  const first = await call('findCustomers', { asc: 'Id', limit: 2, offset: 1 });
  const rest = await call('findCustomers', { asc: 'Id', limit: 2, offset: 3 });
  const ids = [...first.QueryResponse.Customer, ...rest.QueryResponse.Customer].map((c) => c.Id);
  assert.equal(new Set(ids).size, 4);
});

await step('a batch, whose items answer for themselves', async () => {
  const answer = await call('batch', [
    { bId: 'a', operation: 'create', Customer: { DisplayName: 'Batched' } },
    { bId: 'b', operation: 'create', Customer: { DisplayName: 'Ada Lovelace' } },
    { bId: 'c', operation: 'update', Customer: { Id: updated.Id, SyncToken: updated.SyncToken, sparse: true, Notes: 'second' } },
  ]);
  const by = Object.fromEntries(answer.BatchItemResponse.map((item) => [item.bId, item]));
  assert.equal(by.a.Customer.DisplayName, 'Batched');
  assert.equal(by.b.Fault.Error[0].code, '6240');
  assert.equal(by.c.Customer.Notes, 'second');
});

await step('change data capture', async () => {
  const since = new Date(Date.now() - 3_600_000);
  const answer = await call('changeDataCapture', ['Customer', 'Invoice'], since);
  const parts = answer.CDCResponse[0].QueryResponse;
  assert.ok(parts.some((p) => p.Customer?.some((c) => c.Id === ada.Id)));
  assert.ok(parts.some((p) => p.Invoice?.some((i) => i.Id === bill.Id)));
});

await step('void an invoice, and delete one', async () => {
  const { Invoice: voided } = await call('voidInvoice', { Id: bill.Id, SyncToken: bill.SyncToken }); // as answered
  assert.equal(voided.TotalAmt, 0);
  const removed = await call('deleteInvoice', { Id: bill.Id, SyncToken: voided.SyncToken });
  assert.equal(removed.Invoice.status, 'Deleted');
  assert.equal(codeOf(await refused(() => call('getInvoice', bill.Id))), '610');
});

await step('refresh a token, and call with it', async () => {
  const grant = await call('refreshAccessToken');
  assert.equal(grant.token_type, 'bearer');
  assert.equal(grant.expires_in, 3600);
  const renewed = open(grant.access_token);
  const read = await promisify(renewed.getCustomer).call(renewed, ada.Id);
  assert.equal(read.Id, ada.Id);
});

await step('a wrong token is refused', async () => {
  const stranger = open('wrong');
  const error = await refused(() => promisify(stranger.getCustomer).call(stranger, ada.Id));
  assert.ok(error);
});

done('node-quickbooks');
