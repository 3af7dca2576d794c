// Makes the types of the client out of the OpenAPI document.
import openapiTypes, { astToString } from 'openapi-typescript'

/** The client sends JSON, so that what forms look like is of no use to it. */
const FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data']

const KEY_HEADER = 'idempotency-key'

const HEAD = `/* eslint-disable */
// Generated from the OpenAPI document by \`npm run docs\`: do not edit.
`

/** The file `packages/client/src/schema.ts`. The document is left as it is. */
export async function renderClientSchema (document) {
  const shown = structuredClone(document)
  const operations = Object.values(shown.paths).flatMap(item => Object.values(item))
  for (const { requestBody, responses } of operations) {
    for (const type of FORMS) delete requestBody?.content[type]
    for (const response of Object.values(responses)) delete response.headers
  }
  for (const response of Object.values(shown.components.responses)) delete response.headers
  delete shown.components.headers
  shown.components.schemas = Object.fromEntries(Object.entries(shown.components.schemas).filter(([name]) => !name.endsWith('Form')))
  return `${HEAD}\n${astToString(await openapiTypes(shown))}\n${renderKeyedPosts(document)}`
}

function renderKeyedPosts ({ paths }) {
  const keyed = Object.entries(paths)
    .filter(([, { post }]) => post?.parameters?.some(({ in: place, name }) => place === 'header' && name.toLowerCase() === KEY_HEADER))
    .map(([path]) => path)
  return `/** The POSTs that take an \`Idempotency-Key\`. */
export const KEYED_POSTS: readonly (keyof paths)[] = ${JSON.stringify(keyed)};
`
}
