// node-quickbooks, unmodified: only its addresses are set.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { begin, BR, CA, SIMPLE, US } from "./sandbox.mjs";

const QuickBooks = createRequire(import.meta.url)("node-quickbooks");
/** @type {import("./sandbox.mjs").Sandbox} */
let sandbox;
/** @type {Awaited<ReturnType<typeof connect>>} */
let us;

before(async () => {
  sandbox = await begin();
  const { env } = sandbox;
  QuickBooks.V3_ENDPOINT_BASE_URL = `${env.QUICKBOOKS_API_URL}/v3/company/`;
  QuickBooks.TOKEN_URL = env.QUICKBOOKS_TOKEN_URL;
  QuickBooks.REVOKE_URL = env.QUICKBOOKS_REVOKE_URL;
  QuickBooks.USER_INFO_URL = env.QUICKBOOKS_USERINFO_URL;
  us = await connect(US);
});
after(() => sandbox.end());

async function connect(realm) {
  const { access_token: access, refresh_token: refresh } = await sandbox.grant(realm);
  const api = new QuickBooks(sandbox.env.QUICKBOOKS_CLIENT_ID, sandbox.env.QUICKBOOKS_CLIENT_SECRET, access, false, realm, true, false, 75, "2.0", refresh);
  /** Calls a method by name; rejects with the fault's first error. */
  const call = (name, ...args) =>
    new Promise((resolve, reject) =>
      api[name](...args, (error, body) => {
        const fault = error?.response?.data ?? error;
        return error ? reject(fault?.Fault?.Error?.[0] ?? fault) : resolve(body);
      }),
    );
  return { api, call, find: async (name, criteria) => (await call(name, criteria)).QueryResponse };
}

/** Asserts that a call is refused with this code. */
const refused = (promise, code) =>
  assert.rejects(promise, (/** @type {any} */ error) => {
    assert.equal(error.code, code, JSON.stringify(error));
    return true;
  });

const sold = (fields = {}, detail = {}) => ({
  Amount: 150,
  DetailType: "SalesItemLineDetail",
  SalesItemLineDetail: { ItemRef: { value: "1" }, Qty: 3, UnitPrice: 50, TaxCodeRef: { value: "NON" }, ...detail },
  ...fields,
});
const invoice = (fields = {}) => ({ CustomerRef: { value: "3" }, Line: [sold()], ...fields });

test("customers: create, read, sparse and full update, deactivate, names", async () => {
  const made = await us.call("createCustomer", {
    DisplayName: "Willow Tree Events",
    BillAddr: { Line1: "1 Elm St", City: "Reno", CountrySubDivisionCode: "NV" },
    PrimaryEmailAddr: { Address: "a@willow.example" },
  });
  assert.equal(made.SyncToken, "0");
  assert.equal(made.domain, "QBO");
  assert.equal(made.ShipAddr.City, "Reno", "without another, the shipping address is the billing address");
  const sparse = await us.call("updateCustomer", { Id: made.Id, SyncToken: "0", CompanyName: "Willow LLC" });
  assert.equal(sparse.SyncToken, "1");
  assert.equal(sparse.PrimaryEmailAddr.Address, "a@willow.example");
  await refused(us.call("updateCustomer", { Id: made.Id, SyncToken: "0", CompanyName: "Late" }), "5010");
  const full = await us.call("updateCustomer", { Id: made.Id, SyncToken: "1", sparse: false, DisplayName: "Willow Tree Events" });
  assert.equal(full.CompanyName, undefined, "a full update empties what it does not send");
  assert.equal(full.PrimaryEmailAddr, undefined);
  await refused(us.call("createCustomer", { DisplayName: " willow tree events" }), "6240");
  await refused(us.call("createCustomer", { DisplayName: "Columbia Produce" }), "6240"); // a vendor
  await refused(us.call("createCustomer", { DisplayName: "A: B" }), "2040");
  await refused(us.call("createCustomer", { CompanyName: "No name" }), "6080");
  await refused(us.call("createCustomer", { DisplayName: "x", Nickname: "y" }), "2010");
  await refused(us.call("createCustomer", { DisplayName: "x".repeat(501) }), "2050");
  await refused(us.call("createCustomer", { DisplayName: "x", PrimaryEmailAddr: { Address: "nobody" } }), "2210");
  const gone = await us.call("updateCustomer", { Id: made.Id, SyncToken: "2", Active: false });
  assert.equal(gone.DisplayName, "Willow Tree Events (deleted)");
  assert.ok(await us.call("createCustomer", { DisplayName: "Willow Tree Events" }), "the name is free again");
  assert.equal((await us.find("findCustomers", { DisplayName: "Willow Tree Events (deleted)" })).Customer, undefined);
  assert.equal(
    (
      await us.find("findCustomers", [
        { field: "Id", value: made.Id, operator: "=" },
        { field: "Active", value: [true, false], operator: "IN" },
      ])
    ).Customer.length,
    1,
  );
  await refused(us.call("createInvoice", invoice({ CustomerRef: { value: made.Id } })), "2500");
  const composed = await us.call("createCustomer", { GivenName: "Ada", FamilyName: "Berg" });
  assert.equal(composed.DisplayName, "Ada Berg");
});

test("sub-customers: full names, and balances that include those below", async () => {
  const parent = await us.call("createCustomer", { DisplayName: "Larch Hotels" });
  const child = await us.call("createCustomer", { DisplayName: "Larch Hotels Salem", Job: true, ParentRef: { value: parent.Id } });
  assert.equal(child.FullyQualifiedName, "Larch Hotels:Larch Hotels Salem");
  assert.equal(child.Level, 1);
  await us.call("createInvoice", invoice({ CustomerRef: { value: child.Id } }));
  const after = await us.call("getCustomer", parent.Id);
  assert.equal(after.Balance, 0);
  assert.equal(after.BalanceWithJobs, 150);
  await refused(us.call("updateCustomer", { Id: child.Id, SyncToken: child.SyncToken, Active: false }), "6220");
  let above = child.Id;
  for (let level = 2; level <= 4; level++) above = (await us.call("createCustomer", { DisplayName: `Level ${level}`, ParentRef: { value: above } })).Id;
  await refused(us.call("createCustomer", { DisplayName: "Level 5", ParentRef: { value: above } }), "6180");
});

test("items: service, inventory, category; bundles are read only", async () => {
  const item = await us.call("createItem", { Name: "Waiter", Type: "Service", UnitPrice: 30, IncomeAccountRef: { value: "1" } });
  assert.equal(item.IncomeAccountRef.name, "Services");
  await refused(us.call("createItem", { Name: "Waiter", Type: "Service", IncomeAccountRef: { value: "1" } }), "6240");
  await refused(us.call("createItem", { Name: "No account", Type: "Service" }), "2020");
  await refused(us.call("createItem", { Name: "Odd", Type: "Thing", IncomeAccountRef: { value: "1" } }), "2170");
  await refused(us.call("createItem", { Name: "Wrong account", Type: "Service", IncomeAccountRef: { value: "35" } }), "6000");
  await refused(us.call("createItem", { Name: "Bundle", Type: "Group" }), "500");
  await refused(
    us.call("createItem", { Name: "Chairs", Type: "Inventory", TrackQtyOnHand: true, IncomeAccountRef: { value: "79" }, ExpenseAccountRef: { value: "80" } }),
    "2020",
  );
  const chairs = await us.call("createItem", {
    Name: "Chairs",
    Type: "Inventory",
    TrackQtyOnHand: true,
    QtyOnHand: 10,
    InvStartDate: "2026-01-01",
    IncomeAccountRef: { value: "79" },
    ExpenseAccountRef: { value: "80" },
    AssetAccountRef: { value: "81" },
  });
  const sale = await us.call("createInvoice", invoice({ Line: [sold({}, { ItemRef: { value: chairs.Id } })] }));
  assert.equal((await us.call("getItem", chairs.Id)).QtyOnHand, 7);
  await us.call("voidInvoice", { Id: sale.Id, SyncToken: sale.SyncToken });
  assert.equal((await us.call("getItem", chairs.Id)).QtyOnHand, 10);
  const category = await us.call("createItem", { Name: "Furniture", Type: "Category" });
  const under = await us.call("updateItem", { Id: chairs.Id, SyncToken: chairs.SyncToken, SubItem: true, ParentRef: { value: category.Id } });
  assert.equal(under.FullyQualifiedName, "Furniture:Chairs");
  const away = await us.call("updateItem", { Id: item.Id, SyncToken: "0", Active: false });
  assert.equal(away.Active, false);
  await refused(us.call("createInvoice", invoice({ Line: [sold({}, { ItemRef: { value: item.Id } })] })), "2500");
});

test("terms, accounts, classes and other lists: create, update, refusals", async () => {
  const term = await us.call("createTerm", { Name: "Net 7", DueDays: 7 });
  assert.equal(term.Type, "STANDARD");
  assert.equal((await us.call("createTerm", { Name: "The 5th", DayOfMonthDue: 5, DueNextMonthDays: 3 })).Type, "DATE_DRIVEN");
  await refused(us.call("createTerm", { Name: "Net 7", DueDays: 8 }), "6240");
  await refused(us.call("createTerm", { Name: "Never" }), "2020");
  await refused(us.call("createTerm", { Name: "Long", DueDays: 1000 }), "2090");
  assert.equal((await us.call("updateTerm", { Id: term.Id, SyncToken: "0", DueDays: 9 })).DueDays, 9);
  const account = await us.call("createAccount", { Name: "Petty cash", AccountSubType: "CashOnHand" });
  assert.equal(account.AccountType, "Bank");
  assert.equal(account.Classification, "Asset");
  await refused(us.call("createAccount", { Name: "Petty cash", AccountType: "Bank" }), "6240");
  await refused(us.call("createAccount", { Name: "Odd", AccountType: "Nothing" }), "2170");
  assert.equal((await us.call("updateAccount", { Id: account.Id, SyncToken: "0", Name: "Cash box" })).FullyQualifiedName, "Cash box");
  const parent = await us.call("createClass", { Name: "Private" });
  assert.equal((await us.call("createClass", { Name: "Weddings", ParentRef: { value: parent.Id } })).FullyQualifiedName, "Private:Weddings");
  assert.equal((await us.call("updateClass", { Id: parent.Id, SyncToken: "0", Name: "Families" })).Name, "Families");
  const place = await us.call("createDepartment", { Name: "Eugene" });
  assert.equal((await us.call("getDepartment", place.Id)).Name, "Eugene");
  const method = await us.call("createPaymentMethod", { Name: "Voucher" });
  assert.equal((await us.call("updatePaymentMethod", { Id: method.Id, SyncToken: "0", Name: "Gift card" })).Type, "NON_CREDIT_CARD");
  const vendor = await us.call("createVendor", { DisplayName: "Flour Mill" });
  assert.equal((await us.call("updateVendor", { Id: vendor.Id, SyncToken: "0", AcctNum: "7" })).AcctNum, "7");
  const employee = await us.call("createEmployee", { GivenName: "Iris", FamilyName: "Vega" });
  assert.equal((await us.call("getEmployee", employee.Id)).DisplayName, "Iris Vega");
  for (const list of [
    "findAccounts",
    "findClasses",
    "findDepartments",
    "findTerms",
    "findPaymentMethods",
    "findVendors",
    "findEmployees",
    "findTaxAgencies",
    "findTaxRates",
    "findCompanyCurrencies",
  ]) {
    const answer = await us.find(list, { limit: 2 });
    assert.ok(answer.maxResults >= 1 && answer.maxResults <= 2, list);
  }
});

test("the company, its preferences and currencies", async () => {
  const company = await us.call("getCompanyInfo", US);
  assert.deepEqual(await us.call("getCompanyInfo", null), company, "also without an id, as some clients ask");
  assert.equal(company.CompanyName, "Oak Street Catering");
  assert.equal((await us.call("updateCompanyInfo", { ...company, LegalName: "Oak Street LLC", sparse: true })).LegalName, "Oak Street LLC");
  const preferences = await us.call("getPreferences");
  assert.equal(preferences.CurrencyPrefs.HomeCurrency.value, "USD");
  const changed = await us.call("updatePreferences", { Id: "1", SyncToken: preferences.SyncToken, SalesFormsPrefs: { AllowDiscount: false } });
  assert.equal(changed.SalesFormsPrefs.AllowDiscount, false);
  assert.equal(changed.SalesFormsPrefs.AllowDeposit, true, "what is not sent stays");
  await us.call("updatePreferences", { Id: "1", SyncToken: changed.SyncToken, SalesFormsPrefs: { AllowDiscount: true } });
  assert.equal((await us.call("getCompanyCurrency", "1")).Name, "Canadian Dollar");
  const { ExchangeRate: rate } = await us.call("getExchangeRate", { sourcecurrencycode: "EUR", asofdate: "2026-11-01" });
  assert.equal(rate.TargetCurrencyCode, "USD");
  assert.equal(rate.AsOfDate, "2026-11-01");
  await us.call("updateExchangeRate", { SourceCurrencyCode: "EUR", Rate: 1.2, AsOfDate: "2026-10-01" });
  assert.equal((await us.call("getExchangeRate", { sourcecurrencycode: "EUR", asofdate: "2026-10-05" })).ExchangeRate.Rate, 1.2);
  await refused(us.call("getExchangeRate", { sourcecurrencycode: "USD" }), "2220");
  assert.ok((await us.find("findExchangeRates", { SourceCurrencyCode: "EUR" })).ExchangeRate.length >= 1);
  assert.equal((await us.find("findCompanyInfos", {})).CompanyInfo.length, 1);
});

test("tax codes are created by the tax service, and pseudo codes are in every page of a query", async () => {
  const agency = await us.call("createTaxAgency", { DisplayName: "County of Lane" });
  const made = await us.call("createTaxService", {
    TaxCode: "Lane",
    TaxRateDetails: [{ TaxRateName: "Lane 1", RateValue: "1.5", TaxAgencyId: agency.Id, TaxApplicableOn: "Sales" }],
  });
  assert.ok(made.TaxCodeId && made.TaxRateDetails[0].TaxRateId);
  assert.equal((await us.call("getTaxRate", made.TaxRateDetails[0].TaxRateId)).RateValue, 1.5);
  assert.equal((await us.call("getTaxCode", made.TaxCodeId)).TaxGroup, true);
  assert.equal((await us.find("findTaxCodes", { limit: 1 })).TaxCode.length, 4);
  await refused(us.call("createTaxService", { TaxCode: "Lane", TaxRateDetails: [] }), "6240");
  const taxed = await us.call(
    "createInvoice",
    invoice({ Line: [sold({}, { TaxCodeRef: { value: "TAX" } })], TxnTaxDetail: { TxnTaxCodeRef: { value: made.TaxCodeId } } }),
  );
  assert.equal(taxed.TotalAmt, 152.25);
});

test("invoices: required members, checks and defaults", async () => {
  const made = await us.call(
    "createInvoice",
    invoice({
      TxnDate: "2026-11-02",
      BillEmail: { Address: "ap@cascade.example" },
      CustomerMemo: { value: "Thanks" },
      CustomField: [{ DefinitionId: "1", StringValue: "7" }],
    }),
  );
  assert.equal(made.TotalAmt, 150);
  assert.equal(made.Balance, 150);
  assert.equal(made.DueDate, "2026-12-02", "the company's Net 30");
  assert.equal(made.SalesTermRef.name, "Net 30");
  assert.equal(made.CustomField[0].StringValue, "7");
  assert.equal(made.CustomField[0].Name, "Crew #");
  assert.deepEqual(
    made.Line.map((line) => line.DetailType),
    ["SalesItemLineDetail", "SubTotalLineDetail"],
  );
  assert.equal(made.Line[0].SalesItemLineDetail.ItemRef.name, "Services");
  assert.equal(made.EmailStatus, "NotSet");
  await refused(us.call("createInvoice", { Line: [sold()] }), "2020");
  await refused(us.call("createInvoice", { CustomerRef: { value: "3" } }), "2020");
  await refused(us.call("createInvoice", { CustomerRef: { value: "9999" }, Line: [sold()] }), "2500");
  await refused(us.call("createInvoice", invoice({ Line: [sold({ Amount: 149 })] })), "6070");
  await refused(us.call("createInvoice", invoice({ Line: [sold({}, { TaxCodeRef: { value: "2" } })] })), "6100");
  await refused(us.call("createInvoice", invoice({ DocNumber: "1".repeat(22) })), "2050");
  await refused(us.call("createInvoice", invoice({ DocNumber: made.DocNumber })), "6140");
  assert.equal((await us.call("createInvoice", { ...invoice({ DocNumber: made.DocNumber }), allowDuplicateDocNum: true })).DocNumber, made.DocNumber);
  await refused(us.call("createInvoice", invoice({ EmailStatus: "NeedToSend" })), "6420");
  await refused(us.call("createInvoice", invoice({ EmailStatus: "Posted" })), "2170");
  await refused(us.call("createInvoice", invoice({ TxnDate: "yesterday" })), "2060");
  await refused(us.call("createInvoice", invoice({ CurrencyRef: { value: "EUR" } })), "6000");
  await refused(us.call("createInvoice", invoice({ Deposit: 500 })), "2140");
  const moved = await us.call("updateInvoice", { Id: made.Id, SyncToken: "0", PrivateNote: "note" });
  assert.equal(moved.Line.length, 2, "a sparse update without lines keeps them");
  assert.equal(moved.SyncToken, "1");
});

test("document numbers continue after the last number of the series", async () => {
  const first = await us.call("createInvoice", invoice({ DocNumber: "OAK-0099" }));
  assert.equal(first.DocNumber, "OAK-0099");
  assert.equal((await us.call("createInvoice", invoice())).DocNumber, "OAK-0100");
  await sandbox.control("/quickbooks/preferences", { realm_id: US, preferences: { SalesFormsPrefs: { CustomTxnNumbers: true } } });
  assert.equal((await us.call("createInvoice", invoice())).DocNumber, undefined);
  assert.equal((await us.call("createInvoice", invoice({ DocNumber: "AUTO_GENERATE" }))).DocNumber, "OAK-0101");
  await sandbox.control("/quickbooks/preferences", { realm_id: US, preferences: { SalesFormsPrefs: { CustomTxnNumbers: false } } });
});

test("payments and credits: balances, links, sync tokens", async () => {
  const made = await us.call("createInvoice", invoice());
  const paid = await us.call("createPayment", {
    CustomerRef: { value: "3" },
    TotalAmt: 100,
    Line: [{ Amount: 100, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] }],
  });
  let now = await us.call("getInvoice", made.Id);
  assert.equal(now.Balance, 50);
  assert.equal(now.SyncToken, "1", "a payment moves the invoice's token");
  assert.deepEqual(now.LinkedTxn, [{ TxnId: paid.Id, TxnType: "Payment" }]);
  assert.equal(paid.UnappliedAmt, 0);
  await refused(
    us.call("createPayment", { CustomerRef: { value: "3" }, TotalAmt: 60, Line: [{ Amount: 60, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] }] }),
    "6000",
  );
  await refused(
    us.call("createPayment", { CustomerRef: { value: "2" }, TotalAmt: 10, Line: [{ Amount: 10, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] }] }),
    "6000",
  );
  await sandbox.control("/quickbooks/quirks", { realm_id: US, delete_paid: "refused" });
  await refused(us.call("deleteInvoice", { Id: made.Id, SyncToken: now.SyncToken }), "6540");
  await sandbox.control("/quickbooks/quirks", { realm_id: US });
  const credit = await us.call("createCreditMemo", {
    CustomerRef: { value: "3" },
    Line: [{ Amount: 20, DetailType: "SalesItemLineDetail", SalesItemLineDetail: { ItemRef: { value: "1" } } }],
  });
  assert.equal(credit.RemainingCredit, 20);
  await us.call("createPayment", {
    CustomerRef: { value: "3" },
    TotalAmt: 0,
    Line: [
      { Amount: 20, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] },
      { Amount: 20, LinkedTxn: [{ TxnId: credit.Id, TxnType: "CreditMemo" }] },
    ],
  });
  now = await us.call("getInvoice", made.Id);
  assert.equal(now.Balance, 30);
  assert.equal((await us.call("getCreditMemo", credit.Id)).RemainingCredit, 0);
  const smaller = await us.call("updatePayment", {
    Id: paid.Id,
    SyncToken: paid.SyncToken,
    TotalAmt: 40,
    Line: [{ Amount: 40, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] }],
  });
  assert.equal((await us.call("getInvoice", made.Id)).Balance, 90);
  const voided = await us.call("updatePayment", { Id: paid.Id, SyncToken: smaller.SyncToken, void: true });
  assert.equal(voided.TotalAmt, 0);
  assert.match(voided.PrivateNote, /^Voided/);
  now = await us.call("getInvoice", made.Id);
  assert.equal(now.Balance, 130);
  assert.equal(now.LinkedTxn.length, 1, "the credit is still linked");
});

test("a void keeps number and date, and releases the payments", async () => {
  const made = await us.call("createInvoice", invoice({ PrivateNote: "before" }));
  const paid = await us.call("createPayment", {
    CustomerRef: { value: "3" },
    TotalAmt: 150,
    Line: [{ Amount: 150, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] }],
  });
  const { Invoice: voided } = await us.call("voidInvoice", { Id: made.Id, SyncToken: "1" });
  assert.equal(voided.TotalAmt, 0);
  assert.equal(voided.Balance, 0);
  assert.equal(voided.DocNumber, made.DocNumber);
  assert.ok(voided.PrivateNote.startsWith("Voided") && voided.PrivateNote.endsWith("before"));
  assert.equal(voided.Line[0].SalesItemLineDetail.Qty, 0);
  assert.deepEqual(voided.LinkedTxn, []);
  assert.equal((await us.call("getPayment", paid.Id)).UnappliedAmt, 150);
  await us.call("deletePayment", { Id: paid.Id, SyncToken: (await us.call("getPayment", paid.Id)).SyncToken });
});

test("delete answers with a stub; afterwards the invoice cannot be found", async () => {
  const made = await us.call("createInvoice", invoice());
  const { Invoice: stub } = await us.call("deleteInvoice", made.Id);
  assert.deepEqual(stub, { domain: "QBO", status: "Deleted", Id: made.Id });
  await refused(us.call("getInvoice", made.Id), "610");
  assert.deepEqual(await us.find("findInvoices", { Id: made.Id }), {});
});

test("discounts, shipping, deposits and bundles", async () => {
  const taxed = {
    TxnTaxDetail: { TxnTaxCodeRef: { value: "2" } },
    Line: [
      sold({}, { TaxCodeRef: { value: "TAX" } }),
      { Amount: 0, DetailType: "DiscountLineDetail", DiscountLineDetail: { PercentBased: true, DiscountPercent: 10 } },
    ],
  };
  const after = await us.call("createInvoice", invoice(taxed));
  assert.equal(after.TxnTaxDetail.TotalTax, 12);
  assert.equal(after.TotalAmt, 147);
  assert.deepEqual(
    after.Line.map((line) => [line.DetailType, line.Amount]),
    [
      ["SalesItemLineDetail", 150],
      ["SubTotalLineDetail", 150],
      ["DiscountLineDetail", 15],
    ],
  );
  const early = await us.call("createInvoice", invoice({ ...taxed, ApplyTaxAfterDiscount: true }));
  assert.equal(early.TxnTaxDetail.TotalTax, 10.8);
  assert.equal(early.TotalAmt, 145.8);
  const shipped = await us.call(
    "createInvoice",
    invoice({
      Deposit: 10,
      Line: [sold(), { Amount: 12.5, DetailType: "SalesItemLineDetail", SalesItemLineDetail: { ItemRef: { value: "SHIPPING_ITEM_ID" } } }],
    }),
  );
  assert.equal(shipped.TotalAmt, 162.5);
  assert.equal(shipped.Balance, 152.5);
  const bundle = await us.call(
    "createInvoice",
    invoice({
      Line: [
        { DetailType: "GroupLineDetail", GroupLineDetail: { GroupItemRef: { value: "21" }, Quantity: 2 } },
        { DetailType: "DescriptionOnly", Description: "With love", DescriptionLineDetail: {} },
      ],
    }),
  );
  assert.deepEqual(
    bundle.Line[0].GroupLineDetail.Line.map((line) => line.SalesItemLineDetail.Qty),
    [20, 4],
  );
  assert.equal(bundle.TotalAmt, 209);
  await refused(
    us.call(
      "createInvoice",
      invoice({
        Line: [
          sold(),
          { Amount: 1, DetailType: "DiscountLineDetail", DiscountLineDetail: {} },
          { Amount: 1, DetailType: "DiscountLineDetail", DiscountLineDetail: {} },
        ],
      }),
    ),
    "6090",
  );
  await refused(us.call("createInvoice", invoice({ Line: [sold(), { Amount: 151, DetailType: "DiscountLineDetail", DiscountLineDetail: {} }] })), "2290");
});

test("an invoice of an estimate closes it", async () => {
  const estimate = await us.call("createEstimate", { CustomerRef: { value: "3" }, Line: [sold()] });
  assert.equal(estimate.TxnStatus, "Pending");
  const made = await us.call("createInvoice", invoice({ LinkedTxn: [{ TxnId: estimate.Id, TxnType: "Estimate" }] }));
  assert.equal((await us.call("getEstimate", estimate.Id)).TxnStatus, "Closed");
  await refused(us.call("createInvoice", invoice({ LinkedTxn: [{ TxnId: estimate.Id, TxnType: "Estimate" }] })), "620");
  await us.call("deleteInvoice", { Id: made.Id, SyncToken: made.SyncToken });
  const open = await us.call("getEstimate", estimate.Id);
  assert.equal(open.TxnStatus, "Pending");
  assert.equal((await us.call("updateEstimate", { Id: open.Id, SyncToken: open.SyncToken, TxnStatus: "Accepted", AcceptedBy: "Ada" })).AcceptedBy, "Ada");
  await us.call("deleteEstimate", open.Id);
});

test("receipts: created, read, voided, deleted", async () => {
  const receipt = await us.call("createSalesReceipt", { CustomerRef: { value: "4" }, Line: [sold()] });
  assert.equal(receipt.DepositToAccountRef.name, "Undeposited Funds");
  assert.equal(receipt.Balance, 0);
  await refused(us.call("createRefundReceipt", { CustomerRef: { value: "4" }, Line: [sold()] }), "2020");
  const refund = await us.call("createRefundReceipt", { DepositToAccountRef: { value: "35" }, Line: [sold()] });
  assert.equal(refund.TotalAmt, 150);
  await us.call("deleteRefundReceipt", refund.Id);
  await us.call("deleteSalesReceipt", receipt.Id);
  assert.equal((await us.find("findSalesReceipts", { Id: receipt.Id })).SalesReceipt, undefined);
});

test("per-line taxes, inclusive and compound; foreign currency", async () => {
  const ca = await connect(CA);
  const line = (code, amount) => ({
    Amount: amount,
    DetailType: "SalesItemLineDetail",
    SalesItemLineDetail: { ItemRef: { value: "10" }, TaxCodeRef: { value: code } },
  });
  const both = await ca.call("createInvoice", { CustomerRef: { value: "2" }, Line: [line("4", 100), line("2", 19.99)] });
  assert.equal(both.GlobalTaxCalculation, "TaxExcluded");
  assert.equal(both.TxnTaxDetail.TotalTax, 15.98); // 5.00 + 9.98 (9.975 rounded) + 1.00
  const compound = await ca.call("createInvoice", { CustomerRef: { value: "2" }, Line: [line("8", 100)] });
  assert.equal(compound.TxnTaxDetail.TotalTax, 14.98); // 5 + 9.5 % of 105
  const inclusive = await ca.call("createInvoice", { CustomerRef: { value: "1" }, GlobalTaxCalculation: "TaxInclusive", Line: [line("3", 113)] });
  assert.equal(inclusive.TotalAmt, 113);
  assert.equal(inclusive.Line[0].Amount, 100);
  assert.equal(inclusive.Line[0].SalesItemLineDetail.TaxInclusiveAmt, 113);
  assert.equal(inclusive.TxnTaxDetail.TotalTax, 13);
  const again = await ca.call("updateInvoice", { ...inclusive, PrivateNote: "as it was", TxnTaxDetail: undefined });
  assert.equal(again.TotalAmt, 113, "writing back what was read changes nothing");
  const none = await ca.call("createInvoice", { CustomerRef: { value: "1" }, GlobalTaxCalculation: "NotApplicable", Line: [line("3", 113)] });
  assert.equal(none.TotalAmt, 113);
  await refused(
    ca.call("createInvoice", {
      CustomerRef: { value: "1" },
      GlobalTaxCalculation: "NotApplicable",
      TxnTaxDetail: { TxnTaxCodeRef: { value: "3" } },
      Line: [line("3", 113)],
    }),
    "6170",
  );
  await refused(
    ca.call("createInvoice", { CustomerRef: { value: "1" }, Line: [{ ...line("3", 1), SalesItemLineDetail: { ItemRef: { value: "10" } } }] }),
    "6000",
  );
  const dollars = await ca.call("createInvoice", { CustomerRef: { value: "3" }, CurrencyRef: { value: "USD" }, Line: [line("7", 200)] });
  assert.equal(dollars.ExchangeRate, 1.3725);
  assert.equal(dollars.HomeTotalAmt, 274.5);
  const br = await connect(BR);
  const masked = await br.call("createCustomer", { DisplayName: "Ipê Móveis", PrimaryTaxIdentifier: "12345678000195" });
  assert.equal(masked.PrimaryTaxIdentifier, "XXXXXXXXX00195");
});

test("queries: operators, order, pages, counts, escapes", async () => {
  for (const name of ["O'Neil & Sons", "Ömer Ünal", "100% Linen"]) await us.call("createCustomer", { DisplayName: name });
  assert.equal((await us.find("findCustomers", { DisplayName: "O'Neil & Sons" })).Customer.length, 1);
  assert.equal((await us.find("findCustomers", [{ field: "DisplayName", value: "%mer ünal", operator: "LIKE" }])).Customer.length, 1);
  const all = await us.find("findInvoices", [
    { field: "fetchAll", value: true },
    { field: "limit", value: 7 },
    { field: "asc", value: "Id" },
  ]);
  const { totalCount } = await us.find("findInvoices", { count: true });
  assert.equal(all.Invoice.length, totalCount);
  const ids = all.Invoice.map((row) => Number(row.Id));
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  const two = await us.find("findInvoices", { Id: all.Invoice.slice(0, 2).map((row) => row.Id) });
  assert.equal(two.Invoice.length, 2);
  const open = await us.find("findInvoices", [
    { field: "Balance", value: "0", operator: ">" },
    { field: "desc", value: "Balance" },
    { field: "limit", value: 3 },
  ]);
  assert.ok(open.Invoice[0].Balance >= open.Invoice[2].Balance);
  await refused(us.find("findInvoices", [{ field: "TotalAmt", value: "1", operator: ">" }]), "4001");
  await refused(us.find("findInvoices", [{ field: "Balance", value: 0, operator: ">" }]), "4000");
  await refused(us.find("findInvoices", " where Id = '1' or Id = '2'"), "4000");
});

test("batches: each item succeeds or fails by itself", async () => {
  const made = await us.call("createInvoice", invoice());
  const { BatchItemResponse: answers } = await us.call("batch", [
    { bId: "1", operation: "create", Customer: { DisplayName: "Batch One" } },
    { bId: "2", operation: "create", Customer: { DisplayName: "Batch One" } },
    { bId: "3", Query: "select count(*) from Customer" },
    { bId: "4", operation: "delete", Invoice: { Id: made.Id, SyncToken: "0" } },
    { bId: "5", operation: "create", Spaceship: {} },
    { bId: "6", operation: "update", Customer: { Id: "3", SyncToken: "99", Notes: "x", sparse: true } },
  ]);
  assert.deepEqual(
    answers.map((answer) => answer.bId),
    ["1", "2", "3", "4", "5", "6"],
  );
  assert.equal(answers[0].Customer.DisplayName, "Batch One");
  assert.equal(answers[1].Fault.Error[0].code, "6240");
  assert.equal(answers[1].Fault.type, "ValidationFault");
  assert.ok(answers[2].QueryResponse.totalCount > 0);
  assert.equal(answers[3].Invoice.status, "Deleted");
  assert.equal(answers[4].Fault.Error[0].code, "1050");
  assert.equal(answers[5].Fault.Error[0].code, "5010");
  await refused(
    us.call(
      "batch",
      Array.from({ length: 31 }, (_, at) => ({ bId: String(at), Query: "select * from Term" })),
    ),
    "1040",
  );
});

test("change data capture: changed objects, and stubs of deleted ones", async () => {
  const since = new Date(Date.now() - 1000);
  await sandbox.control("/clock", { advance_seconds: 5 });
  const kept = await us.call("createInvoice", invoice());
  const gone = await us.call("createInvoice", invoice());
  await us.call("deleteInvoice", gone.Id);
  const start = new Date(since.getTime() + 4000);
  const { CDCResponse } = await us.call("changeDataCapture", ["Invoice", "Estimate"], start);
  const [invoices, estimates] = CDCResponse[0].QueryResponse;
  assert.deepEqual(
    invoices.Invoice.map((row) => row.Id),
    [kept.Id, gone.Id],
  );
  assert.equal(invoices.Invoice[1].status, "Deleted");
  assert.deepEqual(estimates, {});
  await refused(us.call("changeDataCapture", ["TaxCode"], start), "2000");
  await refused(us.call("changeDataCapture", ["Invoice"], new Date(Date.now() - 31 * 86_400_000)), "2070");
});

test("a repeated request id gives the first answer, even of a deleted invoice", async () => {
  const first = await us.call("createInvoice", { ...invoice(), requestId: "same-1" });
  const second = await us.call("createInvoice", { ...invoice({ PrivateNote: "another body" }), requestId: "same-1" });
  assert.deepEqual(second, first);
  await us.call("deleteInvoice", first.Id);
  assert.equal((await us.call("createInvoice", { ...invoice(), requestId: "same-1" })).Id, first.Id);
  await refused(us.call("getInvoice", first.Id), "610");
  await refused(us.call("createInvoice", { ...invoice(), requestId: "x".repeat(51) }), "2130");
});

test("sending: the address, the state, the outbox, and at most forty e-mails a day", async () => {
  const made = await us.call("createInvoice", invoice());
  await refused(us.call("sendInvoicePdf", made.Id), "6420");
  const sent = await us.call("sendInvoicePdf", made.Id, "pay@cascade.example");
  assert.equal(sent.EmailStatus, "EmailSent");
  assert.equal(sent.BillEmail.Address, "pay@cascade.example");
  assert.equal(sent.DeliveryInfo.DeliveryType, "Email");
  const outbox = await sandbox.control("/quickbooks/outbox", { realm_id: US });
  assert.equal(outbox.at(-1).to, "pay@cascade.example");
  assert.equal(outbox.at(-1).subject, "Invoice from Oak Street Catering");
  for (let at = 1; at < 40; at++) await us.call("sendInvoicePdf", made.Id);
  await refused(us.call("sendInvoicePdf", made.Id), "6440");
  await sandbox.control("/clock", { advance_seconds: 86_400 });
  us = await connect(US);
  await us.call("sendInvoicePdf", made.Id);
});

test("the PDF of an invoice is a valid PDF", async () => {
  const made = await us.call("createInvoice", invoice());
  const bytes = Buffer.from(await us.call("getInvoicePdf", made.Id));
  assert.equal(bytes.subarray(0, 5).toString(), "%PDF-");
  assert.ok(bytes.length > 5000);
});

test("attachments: a file is uploaded, linked and downloaded", async () => {
  const made = await us.call("createInvoice", invoice());
  const file = await us.call("upload", "menu.txt", "text/plain", Readable.from(["Soup"]), "Invoice", made.Id);
  assert.equal(file.AttachableRef[0].EntityRef.value, made.Id);
  const url = await (
    await fetch(`${sandbox.env.QUICKBOOKS_API_URL}/v3/company/${US}/download/${file.Id}`, { headers: { authorization: `Bearer ${us.api.token}` } })
  ).text();
  assert.equal(await (await fetch(url)).text(), "Soup");
  const found = await us.find("findAttachables", [
    { field: "AttachableRef.EntityRef.Type", value: "invoice" },
    { field: "AttachableRef.EntityRef.value", value: made.Id },
  ]);
  assert.equal(found.Attachable.length, 1);
  const note = await us.call("createAttachable", { Note: "Ring twice", AttachableRef: [{ EntityRef: { type: "Customer", value: "3" } }] });
  assert.equal((await us.call("updateAttachable", { Id: note.Id, SyncToken: "0", Note: "Knock" })).Note, "Knock");
  await us.call("deleteAttachable", note.Id);
  await refused(us.call("getAttachable", note.Id), "610");
  await refused(us.call("createAttachable", { Note: "x", AttachableRef: [{ EntityRef: { type: "Invoice", value: "99999" } }] }), "2500");
});

test("a small subscription has no multicurrency, classes or inventory", async () => {
  const small = await connect(SIMPLE);
  await refused(small.call("createClass", { Name: "A" }), "5030");
  await refused(small.call("createItem", { Name: "B", Type: "Inventory", IncomeAccountRef: { value: "79" } }), "5030");
  const preferences = await small.call("getPreferences");
  await refused(small.call("updatePreferences", { Id: "1", SyncToken: preferences.SyncToken, CurrencyPrefs: { MultiCurrencyEnabled: true } }), "5030");
});

test("closed books refuse transactions dated in them", async () => {
  const made = await us.call("createInvoice", invoice({ TxnDate: "2026-10-15" }));
  await sandbox.control("/quickbooks/preferences", { realm_id: US, preferences: { AccountingInfoPrefs: { BookCloseDate: "2026-10-31" } } });
  await refused(us.call("createInvoice", invoice({ TxnDate: "2026-10-31" })), "6210");
  await refused(us.call("voidInvoice", { Id: made.Id, SyncToken: "0" }), "6210");
  await refused(us.call("deleteInvoice", { Id: made.Id, SyncToken: "0" }), "6210");
  await refused(us.call("updateInvoice", { Id: made.Id, SyncToken: "0", TxnDate: "2026-11-15" }), "6210");
  await sandbox.control("/quickbooks/preferences", { realm_id: US, preferences: { AccountingInfoPrefs: { BookCloseDate: null } } });
  await us.call("updateInvoice", { Id: made.Id, SyncToken: "0", TxnDate: "2026-11-15" });
});

test("operations that the sandbox does not simulate are refused", async () => {
  await refused(us.call("createBill", { Line: [] }), "500");
  await refused(us.call("reportBalanceSheet", {}), "500");
  await refused(us.call("updateTaxCode", { Id: "2", SyncToken: "0", Name: "x" }), "500");
});

test("tokens are refreshed and revoked", async () => {
  const fresh = await connect(US);
  const before = fresh.api.token;
  await fresh.call("refreshAccessToken");
  assert.notEqual(fresh.api.token, before);
  await new Promise((resolve, reject) => fresh.api.revokeAccess(true, (error) => (error ? reject(error) : resolve(undefined))));
});
