-- A user's drafts are counted when another is opened.
CREATE INDEX draft_of_user ON draft (tenant_id, user_id, updated_at);
