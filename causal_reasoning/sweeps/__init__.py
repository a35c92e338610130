"""Sweeps: the run store, one idempotent run, a pool of processes, means over seeds."""
