"""What a sweep found: tables for the terminal and for Markdown, a figure, and one self-contained page."""

from causal_reasoning.report.figures import results_figure
from causal_reasoning.report.page import write_page
from causal_reasoning.report.tables import markdown_table, terminal_table

__all__ = ["markdown_table", "results_figure", "terminal_table", "write_page"]
