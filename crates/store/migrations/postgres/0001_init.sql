-- Same tables and columns as sqlite/0001_init.sql; a test compares them.
CREATE TABLE tenant (
  id UUID PRIMARY KEY,
  company_id BIGINT NOT NULL UNIQUE,
  company_name TEXT NOT NULL,
  company_domain TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  uninstalled_at BIGINT
);
CREATE TABLE pipedrive_grant (
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  user_id BIGINT NOT NULL,
  user_name TEXT NOT NULL,
  locale TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  is_admin BOOLEAN NOT NULL,
  profile_at BIGINT NOT NULL,
  api_domain TEXT NOT NULL,
  state TEXT NOT NULL,
  access_token TEXT NOT NULL,
  refresh_token TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE quickbooks_connection (
  id UUID PRIMARY KEY,
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  realm_digest TEXT NOT NULL,
  realm_id TEXT NOT NULL,
  company_name TEXT NOT NULL,
  country TEXT NOT NULL,
  home_currency TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  state TEXT NOT NULL,
  connected_by TEXT NOT NULL,
  connected_at BIGINT NOT NULL,
  access_token TEXT NOT NULL,
  refresh_token TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  UNIQUE (tenant_id, realm_digest)
);
CREATE UNIQUE INDEX quickbooks_connection_current ON quickbooks_connection (tenant_id) WHERE state <> 'disconnected';
CREATE INDEX quickbooks_connection_realm ON quickbooks_connection (realm_digest);
CREATE TABLE oauth_flow (
  state_digest TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  browser_digest TEXT NOT NULL,
  tenant_id UUID,
  user_id BIGINT,
  expires_at BIGINT NOT NULL
);
CREATE TABLE settings (
  tenant_id UUID PRIMARY KEY REFERENCES tenant (id),
  data TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by BIGINT NOT NULL
);
CREATE TABLE customer_link (
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  connection_id UUID NOT NULL REFERENCES quickbooks_connection (id),
  kind TEXT NOT NULL,
  pipedrive_id BIGINT NOT NULL,
  customer_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, kind, pipedrive_id)
);
CREATE TABLE item_link (
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  connection_id UUID NOT NULL REFERENCES quickbooks_connection (id),
  product_id BIGINT NOT NULL,
  item_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, product_id)
);
CREATE TABLE draft (
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  deal_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  form TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, deal_id, user_id)
);
CREATE TABLE invoice (
  id UUID PRIMARY KEY,
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  connection_id UUID NOT NULL REFERENCES quickbooks_connection (id),
  intent UUID NOT NULL,
  generation INTEGER NOT NULL,
  deal_id BIGINT NOT NULL,
  organization_id BIGINT,
  person_id BIGINT,
  created_by BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  form TEXT NOT NULL,
  draft TEXT NOT NULL,
  state TEXT NOT NULL,
  refusal TEXT,
  lease_owner UUID,
  lease_until BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  customer_id TEXT,
  quickbooks_id TEXT,
  sync_token TEXT,
  doc_number TEXT,
  customer_name TEXT NOT NULL,
  currency TEXT NOT NULL,
  total_minor BIGINT NOT NULL,
  balance_minor BIGINT NOT NULL,
  issued TEXT NOT NULL,
  due TEXT NOT NULL,
  sent BOOLEAN NOT NULL,
  voided BOOLEAN NOT NULL,
  deleted BOOLEAN NOT NULL,
  read_at BIGINT,
  UNIQUE (tenant_id, intent)
);
CREATE INDEX invoice_of_deal ON invoice (tenant_id, deal_id, created_at);
CREATE INDEX invoice_pending ON invoice (next_attempt_at) WHERE state IN ('queued', 'sending');
CREATE TABLE audit (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  at BIGINT NOT NULL,
  user_id BIGINT,
  action TEXT NOT NULL,
  invoice_id UUID,
  detail TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
