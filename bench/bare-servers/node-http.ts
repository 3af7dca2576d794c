// node:http with nothing on it: no router either.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readAnswers, reportUrl } from './answers.js'

const answers = new Map(readAnswers().map(answer => [answer.method, answer]))
const server = createServer((request, response) => {
  const { status = 404, body = null } = answers.get(request.method ?? '') ?? {}
  if (request.method === 'GET') answer(response, status, body)
  else readJson(request, () => { answer(response, status, body) })
})
server.listen(0, '127.0.0.1', () => { reportUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) })

function answer (response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Parses the body like the others, though nobody looks at it. */
function readJson (request: IncomingMessage, done: (body: unknown) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  request.on('end', () => { done(JSON.parse(Buffer.concat(chunks).toString('utf8'))) })
}
