import type { Metrics } from '../src/port.js'

/** The samples of the rendered metrics by name and labels as they are written, e.g. `a_total{b="c"}`. */
export async function samplesOf (metrics: Pick<Metrics, 'render'>): Promise<Map<string, number>> {
  return parseSamples((await metrics.render()).text)
}

export function parseSamples (text: string): Map<string, number> {
  return new Map(text.split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => {
    const [, name = '', value = ''] = /^(.+) (\S+)$/.exec(line) ?? []
    return [name, Number(value)]
  }))
}
