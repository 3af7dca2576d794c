/** The JSON pointer (RFC 6901) to a member of what `parent` points to. */
export function childPointer (parent: string, name: string | number): string {
  return `${parent}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
