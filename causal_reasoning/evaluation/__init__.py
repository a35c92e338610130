"""Evaluation: exact match and answer likelihood, per split and per stratum."""
