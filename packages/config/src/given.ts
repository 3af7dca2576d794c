import { listVariables, type Variable, type VariableName } from './schema.js'

/** The environment, as `process.env` holds it. */
export type RawEnvironment = Readonly<Record<string, string | undefined>>

/** Returns the text of a file, or throws. */
export type ReadFile = (path: string) => string

/** What is wrong with one variable. */
export interface VariableFault {
  readonly variable: VariableName
  /** Starts with the name as the operator wrote it and says the remedy. Never holds the value or a path. */
  readonly line: string
}

/** The text of one variable that is set. */
export interface GivenText {
  readonly text: string
  /** The variable that it came from: its own name, or that with `_FILE`. */
  readonly source: string
}

/** The variables that are set: each is either in `texts` or in `faults`. */
export interface Given {
  readonly texts: ReadonlyMap<VariableName, GivenText>
  readonly faults: readonly VariableFault[]
}

/** Collects the variables that are set, secrets also from the files that `<name>_FILE` names. Empty means not set. */
export function readGiven (env: RawEnvironment, readFile: ReadFile): Given {
  const texts = new Map<VariableName, GivenText>()
  const faults: VariableFault[] = []
  for (const variable of listVariables()) {
    const one = readOne(variable, env, readFile)
    if (typeof one === 'string') faults.push({ variable: variable.name, line: one })
    else if (one !== null) texts.set(variable.name, one)
  }
  return { texts, faults }
}

/** `null` = not set; a string is the line of a fault. */
function readOne ({ name, secret }: Variable, env: RawEnvironment, readFile: ReadFile): GivenText | string | null {
  const text = env[name] ?? ''
  const path = secret ? env[`${name}_FILE`] ?? '' : ''
  if (text !== '' && path !== '') return `${name} and ${name}_FILE are both set: unset one of them`
  if (path !== '') return readSecretFile(`${name}_FILE`, path, readFile)
  return text === '' ? null : { text, source: name }
}

/** An empty file is refused rather than taken as "not set": whoever names a file wants the secret in it. */
function readSecretFile (source: string, path: string, readFile: ReadFile): GivenText | string {
  try {
    // Editors and `echo` end a file with a line break that is no part of the secret.
    const text = readFile(path).replace(/[\r\n]+$/, '')
    return text === '' ? `${source} names an empty file: put the secret into it, or unset the variable` : { text, source }
  } catch {
    // The error is dropped because its message holds the path, which is the value of the variable.
    return `${source} names a file that can not be read: check that it exists and that the service may read it`
  }
}
