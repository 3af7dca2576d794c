export { loadConfig, type LoadOptions } from './load.js'
export type { Config, GraphCredentials, PlatformConfig } from './config.js'
export type { RawEnvironment, ReadFile } from './given.js'
export { EnvironmentSchema, listVariables, type Environment, type Variable, type VariableName } from './schema.js'
