import { readFileSync } from 'node:fs'
import { AppError } from '@insights/shared'
import { checkTexts, type Checked } from './check.js'
import { toConfig, type Config } from './config.js'
import { readGiven, type Given, type RawEnvironment, type ReadFile, type VariableFault } from './given.js'
import { checkRules } from './rules.js'
import { EnvironmentSchema, listVariables, type Environment, type VariableName } from './schema.js'
import { accepts } from './variable-types.js'

export interface LoadOptions {
  /** Reads the files that `…_FILE` variables name; throws when it can not. Default: from disk, as UTF-8. */
  readFile?: ReadFile
  /** The process works on MongoDB and Redis only: the embedded settings are a fault. Default: either is right. */
  needsServices?: boolean
}

/**
 * Turns environment variables into the configuration. Reads nothing but `env` and the files that its `…_FILE`
 * variables name; unknown variables are ignored, empty ones count as not set. Pass `process.env` in a `main.ts`.
 *
 * @throws AppError `INS_CONFIG_INVALID`, whose message has one line for each variable that is wrong or missing, with
 *   its name and the remedy and never with its value, in the order of `listVariables`.
 */
export function loadConfig (env: RawEnvironment, options: LoadOptions = {}): Config {
  const given = readGiven(env, options.readFile ?? (path => readFileSync(path, 'utf8')))
  const texts = new Map([...given.texts].map(([name, { text }]) => [name, text]))
  const checked = checkTexts(EnvironmentSchema, texts)
  const faults = [...given.faults, ...formFaults(checked, given), ...checkRules(lookUp(given), options.needsServices ?? false)]
  if (faults.length > 0 || 'invalid' in checked) throw invalidConfig(faults)
  return toConfig(checked.values)
}

function formFaults (checked: Checked<Environment>, given: Given): VariableFault[] {
  if (!('invalid' in checked)) return []
  return [...given.texts]
    .filter(([name]) => checked.invalid.has(name))
    .map(([name, { source }]) => ({ variable: name, line: `${source} must ${source === name ? 'be' : 'hold'} ${accepted(name)}` }))
}

function accepted (name: VariableName): string {
  return accepts(EnvironmentSchema.properties[name])
}

/** A variable that has a fault already counts as set, so that it is not reported as missing as well. */
function lookUp (given: Given): (name: VariableName) => string | undefined {
  const faulty = new Set(given.faults.map(fault => fault.variable))
  return name => given.texts.get(name)?.text ?? (faulty.has(name) ? '' : EnvironmentSchema.properties[name].default)
}

function invalidConfig (faults: readonly VariableFault[]): AppError {
  const order = listVariables().map(variable => variable.name)
  const lines = [...faults]
    .sort((a, b) => order.indexOf(a.variable) - order.indexOf(b.variable))
    .map(fault => `\n  ${fault.line}`)
  return new AppError('INS_CONFIG_INVALID', `The configuration is not valid. Correct these environment variables and start again:${lines.join('')}`)
}
