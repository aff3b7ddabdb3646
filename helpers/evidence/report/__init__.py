"""The report of a run: report.html for whoever decides, and html/ with each executed notebook as a page of its own.

Made from the ledger and the notebooks of the run and of nothing else, so the same folder gives the same bytes. Every
page is one file without scripts, without anything that is loaded and without a link that leaves the folder.
"""

from helpers.evidence.report.writing import write

__all__ = ["write"]
