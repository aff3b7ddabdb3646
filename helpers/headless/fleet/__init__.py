"""The same command for many parameter files: each target by itself, with one table, one page and one exit code."""
