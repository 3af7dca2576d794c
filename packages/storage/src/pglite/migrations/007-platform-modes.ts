/** How each platform was answered at the last start, so that counts that were made up are not taken for real ones. */
export const sql = `
create table insights.platform_modes (
  platform  text primary key,
  mode      text not null check (mode in ('sandbox', 'live', 'not_configured'))
);
`
