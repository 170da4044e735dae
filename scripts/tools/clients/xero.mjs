// The official client of Xero against the simulated organisation. It takes tokens at an address that cannot be set, so what
// it sends there is sent to the simulator instead.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Contact, Invoice, LineAmountTypes, XeroClient } from 'xero-node';
import { access, done, refused, step } from './run.mjs';

const axios = createRequire(import.meta.url)('axios'); // as the client loads it
axios.interceptors.request.use((config) => {
  for (const host of ['https://identity.xero.com', 'https://api.xero.com']) {
    if (config.url?.startsWith(host)) config.url = access.base_url + config.url.slice(host.length);
  }
  assert.ok(config.url.startsWith(access.base_url), `a request to ${config.url}`);
  return config;
});

const tenant = access.account;
const open = (token) => {
  const client = new XeroClient();
  client.accountingApi.basePath = `${access.base_url}/api.xro/2.0`;
  client.setTokenSet({ access_token: token });
  return client;
};
const xero = open(access.access_token);
const books = xero.accountingApi;

const ada = await step('create a contact', async () => {
  const { body } = await books.createContacts(tenant, { contacts: [{ name: 'Ada Lovelace', emailAddress: 'ada@example.com', phones: [{ phoneType: 'DEFAULT', phoneNumber: '5550100', phoneAreaCode: '312' }] }] });
  const made = body.contacts[0];
  assert.match(made.contactID, /^[0-9a-f-]{36}$/);
  assert.equal(made.contactStatus, Contact.ContactStatusEnum.ACTIVE);
  assert.equal(made.phones.find((p) => p.phoneType === 'DEFAULT').phoneNumber, '5550100');
  return made;
});

await step('get it, with a date that is one', async () => {
  const { body } = await books.getContact(tenant, ada.contactID);
  assert.equal(body.contacts[0].emailAddress, 'ada@example.com');
  assert.ok(body.contacts[0].updatedDateUTC instanceof Date);
});

await step('update it', async () => {
  const { body } = await books.updateContact(tenant, ada.contactID, { contacts: [{ contactID: ada.contactID, accountNumber: 'A-1' }] });
  assert.equal(body.contacts[0].accountNumber, 'A-1');
  assert.equal(body.contacts[0].emailAddress, 'ada@example.com');
});

await step('create several, of which one fails alone', async () => {
  const { body } = await books.createContacts(tenant, { contacts: [{ name: 'One' }, { name: 'Two', emailAddress: 'nonsense' }, { name: 'Three' }] }, false);
  assert.deepEqual(body.contacts.map((c) => c.hasValidationErrors ?? false), [false, true, false]);
  assert.ok(body.contacts[1].validationErrors.length > 0);
});

await step('the same idempotency key makes nothing twice', async () => {
  const first = await books.createContacts(tenant, { contacts: [{ name: 'Keyed' }] }, false, 'key-1');
  const again = await books.createContacts(tenant, { contacts: [{ name: 'Keyed' }] }, false, 'key-1');
  assert.equal(first.body.contacts[0].contactID, again.body.contacts[0].contactID);
});

await step('find by a condition, by ids, since a time, and in pages', async () => {
  const byEmail = await books.getContacts(tenant, undefined, 'EmailAddress=="ada@example.com"');
  assert.deepEqual(byEmail.body.contacts.map((c) => c.contactID), [ada.contactID]);
  const byID = await books.getContacts(tenant, undefined, undefined, undefined, [ada.contactID]);
  assert.equal(byID.body.contacts.length, 1);
  const since = await books.getContacts(tenant, new Date(Date.now() - 3_600_000));
  assert.ok(since.body.contacts.length >= 4);
  const later = await books.getContacts(tenant, new Date(Date.now() + 3_600_000));
  assert.equal(later.body.contacts.length, 0);
  const page = await books.getContacts(tenant, undefined, undefined, 'Name ASC', undefined, 1, undefined, undefined, undefined, 2);
  assert.equal(page.body.contacts.length, 2);
});

const bill = await step('create an invoice', async () => {
  const { body } = await books.createInvoices(tenant, { invoices: [{ type: Invoice.TypeEnum.ACCREC, contact: { contactID: ada.contactID }, dueDate: '2030-01-31', lineAmountTypes: LineAmountTypes.Exclusive, lineItems: [{ description: 'Roof', quantity: 2, unitAmount: 50.05, accountCode: '200' }] }] });
  const made = body.invoices[0];
  assert.equal(made.total, 100.1);
  assert.equal(made.status, Invoice.StatusEnum.DRAFT);
  assert.equal(made.contact.contactID, ada.contactID);
  return made;
});

await step('approve it, then void it', async () => {
  const approved = await books.updateInvoice(tenant, bill.invoiceID, { invoices: [{ invoiceID: bill.invoiceID, status: Invoice.StatusEnum.AUTHORISED }] });
  assert.equal(approved.body.invoices[0].status, 'AUTHORISED');
  const voided = await books.updateInvoice(tenant, bill.invoiceID, { invoices: [{ invoiceID: bill.invoiceID, status: Invoice.StatusEnum.VOIDED }] });
  assert.equal(voided.body.invoices[0].status, 'VOIDED');
});

await step('list invoices by their numbers', async () => {
  const { body } = await books.getInvoices(tenant, undefined, undefined, undefined, undefined, [bill.invoiceNumber]);
  assert.deepEqual(body.invoices.map((i) => i.invoiceID), [bill.invoiceID]);
});

await step('archive a contact', async () => {
  const made = await books.createContacts(tenant, { contacts: [{ name: 'Leaving' }] });
  const id = made.body.contacts[0].contactID;
  const { body } = await books.updateContact(tenant, id, { contacts: [{ contactID: id, contactStatus: Contact.ContactStatusEnum.ARCHIVED }] });
  assert.equal(body.contacts[0].contactStatus, 'ARCHIVED');
});

await step('a record that is not there is refused', async () => {
  const error = await refused(() => books.getContact(tenant, '00000000-0000-4000-8000-000000000000'));
  assert.equal(statusOf(error), 404);
});

await step('the organisations that a token opens', async () => {
  const tenants = await xero.updateTenants(false);
  assert.deepEqual(tenants.map((t) => t.tenantId), [tenant]);
});

await step('refresh a token, and call with it', async () => {
  const grant = await xero.refreshWithRefreshToken(access.client_id, access.client_secret, access.refresh_token);
  assert.ok(grant.access_token && grant.refresh_token);
  const read = await open(grant.access_token).accountingApi.getContact(tenant, ada.contactID);
  assert.equal(read.body.contacts[0].contactID, ada.contactID);
});

await step('a wrong token is refused', async () => {
  const error = await refused(() => open('wrong').accountingApi.getContact(tenant, ada.contactID));
  assert.equal(statusOf(error), 401);
});

// statusOf reads a failure, which the client gives as JSON.
function statusOf(error) {
  const told = typeof error === 'string' ? JSON.parse(error) : error;
  return told.response?.statusCode ?? told.response?.status ?? told.statusCode;
}

done('xero-node');
