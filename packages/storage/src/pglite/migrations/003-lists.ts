/**
 * What finding and listing insights needs: the host's own ids, each once, and an index for each order of a list. The
 * id settles equal scores and times. Insights of the schemas before have no such id, which is what a missing key means.
 */
export const sql = `
create unique index insights_external_id on insights.insights ((fields ->> 'external_id'))
  where fields ->> 'external_id' is not null;
create index insights_score on insights.insights (score, id);
create index insights_updated on insights.insights (updated_at, id);

-- Random texts that all processes share, such as the key that signs the cursors of lists.
create table insights.secrets (name text primary key, value text not null);
`
