"""Runs without a person at the keyboard: plans without kernels, and the notebooks in order by papermill."""
