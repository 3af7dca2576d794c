/** The `share` quantile (0 to 1) of at least one value, between two of them where it falls there. */
export function quantile (values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const lower = sorted[Math.floor(position)]
  const upper = sorted[Math.ceil(position)]
  if (lower === undefined || upper === undefined) throw new RangeError('There is no quantile of no values')
  return lower + (upper - lower) * (position - Math.floor(position))
}

export function median (values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** What a row says of a value that was measured in rounds. */
export function summarise (values: readonly number[]): { value: number, range?: readonly [number, number] } {
  const value = median(values)
  return values.length > 1 ? { value, range: [Math.min(...values), Math.max(...values)] } : { value }
}
