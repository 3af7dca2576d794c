import type { Client, ClientPathsWithMethod, FetchResponse, MaybeOptionalInit } from 'openapi-fetch'
import type { paths } from './schema.js'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type Media = `${string}/${string}`

/** As openapi-fetch has it: the second argument may be left out where nothing in it is required. */
type Rest<Init> = undefined extends Init ? [init?: Init & Record<string, unknown>] : [init: Init & Record<string, unknown>]

/** A call that says what it knows already may be told that nothing is new. */
type Unchanged<Init> = Init extends { params: { header: { 'if-none-match': string } | { 'if-modified-since': string } } } ? undefined : never

/** What a call resolves to. Everything else is thrown. */
export interface Answer<Data> {
  /** The body; `undefined` where there is none: 204, and 304 to a call with a condition. */
  data: Data
  /** The status and the headers, `etag` among them. Its body is read already. */
  response: Response
}

type Success<Operation extends Record<string | number, any>, Init> = Extract<FetchResponse<Operation, Init, Media>, { data: unknown }>['data']

/** Calls with one method: the path as the OpenAPI document has it, then `params`, `body` and what `fetch` takes. */
export type Calls<M extends Method> = <
  Path extends ClientPathsWithMethod<Client<paths>, M>,
  Init extends MaybeOptionalInit<paths[Path], M>
>(path: Path, ...rest: Rest<Init>) => Promise<Answer<Success<NonNullable<paths[Path][M]>, Init> | Unchanged<Init>>>
