/** When a result was noted, so that whoever asks for it can say how old it may be. Nobody has to know who holds a name. */
export const sql = `
alter table insights.platform_notes add column kept_at bigint, drop column holder;
`
