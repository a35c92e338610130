"""A small graph file that tests change in one place and read again."""

from __future__ import annotations

GRAPH = """\
version: 1
name: mine
nodes:
  confounder: {role: confounder, bind: {column: style}}
  skill:      {role: skill,      bind: {column: skill}}
  question:   {role: question,   bind: {text: question}}
  answer:     {role: answer,     bind: {text: answer}}
edges:
  - confounder -> skill -> question -> answer
  - confounder -> question
  - skill -> answer
query: {do: skill, read: question, write: answer}
"""
