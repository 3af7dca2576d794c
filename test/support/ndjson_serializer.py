"""Tells schemathesis how lines of JSON are sent: as the text that they are."""
import json

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson", "application/jsonl")
def lines(_context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")
