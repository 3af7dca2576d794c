/**
 * When tokens were used and revoked, and the index of the ids by which people name them (the first 16 digits of the
 * hash), which is unique because a revocation must hit one token only.
 */
export const sql = `
alter table insights.tokens add column last_used_at timestamptz;
alter table insights.tokens add column revoked_at timestamptz;
create unique index tokens_id on insights.tokens (left(hash, 16));
`
