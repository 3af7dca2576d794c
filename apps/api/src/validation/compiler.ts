import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Fault } from '@insights/shared'
import { FormBody } from '../bodies/form-body.js'
import { InvalidInput } from '../invalid-request.js'
import { toFaults } from './faults.js'
import { readForm, readParams, readQuery } from './from-text.js'
import { findDuplicates } from './unique-by.js'

/**
 * Compiles a TypeBox schema into a check that finds every fault. Values keep their types, except where all there is
 * is text: path and query parameters and forms are read by the types that the schema names.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = TypeCompiler.Compile(schema)
  return (sent: unknown) => {
    const { value, faults } = interpret(schema, httpPart, sent)
    const isValid = compiled.Check(value)
    if (!isValid) faults.push(...toFaults(compiled.Errors(value)))
    faults.push(...findDuplicates(schema, value))
    return isValid && faults.length === 0 ? { value } : { error: new InvalidInput(faults) }
  }
}

function interpret (schema: TSchema, httpPart: string | undefined, sent: unknown): { value: unknown, faults: Fault[] } {
  if (sent instanceof FormBody) return readForm(schema, sent)
  if (httpPart === 'params') return { value: readParams(schema, sent as Record<string, string>), faults: [] }
  if (httpPart === 'querystring') return readQuery(schema, sent as Record<string, string | string[]>)
  return { value: sent, faults: [] }
}
