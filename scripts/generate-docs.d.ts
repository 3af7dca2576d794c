/** A file that is generated, by its path from the root of the project, and what it should hold. */
export interface GeneratedFile {
  readonly file: string
  readonly render: () => string
}

export const targets: readonly GeneratedFile[]
