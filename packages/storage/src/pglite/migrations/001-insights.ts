/**
 * The first schema. Client's and worker's parts are columns of their own, so that no write of one can touch the other.
 * `json` rather than `jsonb`: what was written is read back to the letter, keys in their order.
 * Everything is schema-qualified: the connection is shared with the queue, which sets its own search path.
 */
export const sql = `
create schema if not exists insights;

create table insights.insights (
  id            bigint generated always as identity primary key,
  fields        json not null,
  sources       json not null,
  score         numeric(5, 2) not null default 0,
  breakdown     json,
  rev           bigint not null default 1,
  identity_rev  bigint not null default 1,
  wanted        bigint not null default 1,
  done          bigint not null default 0,
  forced        bigint not null default 0,
  due_at        timestamptz,
  claim         bigint not null default 0,
  lease_until   timestamptz,
  asked_at      timestamptz not null,
  done_at       timestamptz,
  created_at    timestamptz not null,
  updated_at    timestamptz not null
);

-- The planner's only question: what has come due, earliest first. The id settles equal times.
create index insights_due on insights.insights (due_at, id) where due_at is not null;

create table insights.tokens (
  hash        text primary key,
  name        text not null,
  scopes      text[] not null,
  created_at  timestamptz not null,
  expires_at  timestamptz
);
`
