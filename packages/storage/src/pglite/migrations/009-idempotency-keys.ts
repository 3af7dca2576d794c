/**
 * The keys under which clients repeat a call, for a day. An answer holds what its client has said of a person: it goes
 * with the insight.
 */
export const sql = `
create table insights.idempotency_keys (
  key          text primary key,
  payload      text,
  insight_id   bigint,
  token_id     text,
  holder       text not null,
  lease_until  timestamptz not null,
  tries        integer not null default 1,
  answer       json,
  is_erased    boolean not null default false,
  expires_at   timestamptz not null
);
create index idempotency_keys_insight on insights.idempotency_keys (insight_id) where insight_id is not null;
create index idempotency_keys_expiry on insights.idempotency_keys (expires_at);
`
