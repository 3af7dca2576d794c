export interface WriteCondition {
  /** Write only if the document still has this `rev`. Without it the write is unconditional. */
  ifRev?: number
}
