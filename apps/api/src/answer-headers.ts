/** The headers of every answer: scores change, so nobody keeps them, and nobody guesses what the bytes are. */
export function answerHeaders (requestId: string): Record<string, string> {
  return {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  }
}
