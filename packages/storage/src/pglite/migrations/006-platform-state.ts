/**
 * What the service keeps of its calls of the platforms: per account the state that its limits are kept by, and notes of
 * what was asked for, which expire. The state's row is replaced at every call, in place as long as its page has room.
 */
export const sql = `
create table insights.platform_states (
  key      text primary key,
  version  bigint not null,
  value    text not null
) with (fillfactor = 40);

create table insights.platform_notes (
  list        text not null,
  name        text not null,
  holder      text,
  held_until  bigint not null,
  value       text,
  expires_at  bigint not null,
  primary key (list, name)
);
create index platform_notes_expiry on insights.platform_notes (expires_at);
`
