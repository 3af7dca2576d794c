import type { IncomingHttpHeaders } from 'node:http'

const TRACE_ID = '(?!0{32})(?<traceId>[0-9a-f]{32})'
const REST = '-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}'

/** Version 00 is exactly this long; later ones may go on after another hyphen; ff is none (W3C Trace Context, §3.2). */
const VERSION_00 = new RegExp(`^00-${TRACE_ID}${REST}$`)
const LATER_VERSION = new RegExp(`^(?!00|ff)[0-9a-f]{2}-${TRACE_ID}${REST}(?:-.*)?$`)

/**
 * The trace that a request belongs to: the trace id in its `traceparent` header, 32 hexadecimal digits; `undefined`
 * when there is none or the header is not valid, which is then as good as absent. Answers carry no such header: the
 * specification defines it for requests only.
 */
export function traceIdOf ({ traceparent }: IncomingHttpHeaders): string | undefined {
  if (typeof traceparent !== 'string') return undefined
  const match = VERSION_00.exec(traceparent) ?? LATER_VERSION.exec(traceparent)
  return match?.groups?.['traceId']
}
