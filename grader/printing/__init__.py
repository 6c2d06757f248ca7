"""A submission on paper: the notebook with its plots and the .py files, highlighted, as one PDF."""

from grader.printing.blocks import from_notebook, from_source
from grader.printing.pdf import to_pdf

__all__ = ["from_notebook", "from_source", "to_pdf"]
