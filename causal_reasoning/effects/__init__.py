"""What moves a model's right answers: effects estimated from the evaluation table."""
