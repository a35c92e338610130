"""Training: loading models, LoRA, the weighted-risk trainer."""
