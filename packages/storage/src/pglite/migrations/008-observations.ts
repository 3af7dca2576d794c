/**
 * The observations over time, in the order in which they are read. `next_at` is when one comes up for thinning out.
 * What belongs to an insight is removed together with it, by the statements that remove it.
 */
export const sql = `
create table insights.observations (
  insight_id  bigint not null,
  platform    text collate "C" not null,
  source_id   text collate "C" not null,
  at          timestamptz not null,
  count       bigint,
  state       text not null,
  next_at     timestamptz not null,
  primary key (insight_id, platform, source_id, at)
);

-- The only question of thinning out: whose time has come, earliest first.
create index observations_next on insights.observations (next_at);
`
