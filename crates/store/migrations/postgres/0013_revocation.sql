-- What is to be revoked at a provider, until it has answered; and since when a grant stands. Same columns as sqlite/0013_revocation.sql.
ALTER TABLE pipedrive_grant ADD COLUMN installed_at BIGINT NOT NULL DEFAULT 0;
CREATE TABLE revocation (
  id UUID PRIMARY KEY,
  provider TEXT NOT NULL,
  subject_digest TEXT NOT NULL,
  subject TEXT NOT NULL,
  refresh_token TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at BIGINT NOT NULL
);
CREATE INDEX revocation_due ON revocation (next_attempt_at);
CREATE INDEX revocation_subject ON revocation (subject_digest);
