/** Receipts of what was erased: numbers and times, nothing that tells whose they were. */
export const sql = `
create table insights.receipts (
  id          bigint primary key,
  deleted_at  timestamptz not null,
  removed     json not null,
  hash        text not null
);
`
