"""Reading and writing files strictly: YAML with places, JSON Lines, atomic writes."""

from causal_reasoning.files.atomic import write_atomic
from causal_reasoning.files.jsonl import read_jsonl, write_jsonl
from causal_reasoning.files.validate import validate
from causal_reasoning.files.yaml import Document, parse_yaml, read_yaml

__all__ = ["Document", "parse_yaml", "read_jsonl", "read_yaml", "validate", "write_atomic", "write_jsonl"]
