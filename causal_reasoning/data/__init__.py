"""Data: loading, checking, planting confounders, tokenising, sampling by weight."""
