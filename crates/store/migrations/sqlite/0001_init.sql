-- Same tables and columns as postgres/0001_init.sql; a test compares them.
CREATE TABLE tenant (
  id BLOB PRIMARY KEY,
  company_id INTEGER NOT NULL UNIQUE,
  company_name TEXT NOT NULL,
  company_domain TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  uninstalled_at INTEGER
) STRICT;
CREATE TABLE pipedrive_grant (
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  user_id INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  locale TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  is_admin INTEGER NOT NULL,
  profile_at INTEGER NOT NULL,
  api_domain TEXT NOT NULL,
  state TEXT NOT NULL,
  access_token TEXT NOT NULL,
  refresh_token TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) STRICT;
CREATE TABLE quickbooks_connection (
  id BLOB PRIMARY KEY,
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  realm_digest TEXT NOT NULL,
  realm_id TEXT NOT NULL,
  company_name TEXT NOT NULL,
  country TEXT NOT NULL,
  home_currency TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  state TEXT NOT NULL,
  connected_by TEXT NOT NULL,
  connected_at INTEGER NOT NULL,
  access_token TEXT NOT NULL,
  refresh_token TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  UNIQUE (tenant_id, realm_digest)
) STRICT;
CREATE UNIQUE INDEX quickbooks_connection_current ON quickbooks_connection (tenant_id) WHERE state <> 'disconnected';
CREATE INDEX quickbooks_connection_realm ON quickbooks_connection (realm_digest);
CREATE TABLE oauth_flow (
  state_digest TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  browser_digest TEXT NOT NULL,
  tenant_id BLOB,
  user_id INTEGER,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE settings (
  tenant_id BLOB PRIMARY KEY REFERENCES tenant (id),
  data TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by INTEGER NOT NULL
) STRICT;
CREATE TABLE customer_link (
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  connection_id BLOB NOT NULL REFERENCES quickbooks_connection (id),
  kind TEXT NOT NULL,
  pipedrive_id INTEGER NOT NULL,
  customer_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, kind, pipedrive_id)
) STRICT;
CREATE TABLE item_link (
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  connection_id BLOB NOT NULL REFERENCES quickbooks_connection (id),
  product_id INTEGER NOT NULL,
  item_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, product_id)
) STRICT;
CREATE TABLE draft (
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  deal_id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  form TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, deal_id, user_id)
) STRICT;
CREATE TABLE invoice (
  id BLOB PRIMARY KEY,
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  connection_id BLOB NOT NULL REFERENCES quickbooks_connection (id),
  intent BLOB NOT NULL,
  generation INTEGER NOT NULL,
  deal_id INTEGER NOT NULL,
  organization_id INTEGER,
  person_id INTEGER,
  created_by INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  form TEXT NOT NULL,
  draft TEXT NOT NULL,
  state TEXT NOT NULL,
  refusal TEXT,
  lease_owner BLOB,
  lease_until INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  customer_id TEXT,
  quickbooks_id TEXT,
  sync_token TEXT,
  doc_number TEXT,
  customer_name TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor INTEGER NOT NULL,
  balance_minor INTEGER NOT NULL,
  issued TEXT NOT NULL,
  due TEXT NOT NULL,
  sent INTEGER NOT NULL,
  voided INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  read_at INTEGER,
  UNIQUE (tenant_id, intent)
) STRICT;
CREATE INDEX invoice_of_deal ON invoice (tenant_id, deal_id, created_at);
CREATE INDEX invoice_pending ON invoice (next_attempt_at) WHERE state IN ('queued', 'sending');
CREATE TABLE audit (
  tenant_id BLOB NOT NULL,
  id BLOB NOT NULL,
  at INTEGER NOT NULL,
  user_id INTEGER,
  action TEXT NOT NULL,
  invoice_id BLOB,
  detail TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;
