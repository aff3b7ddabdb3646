"""The record of a run: its folder, its ledger, and keeping secrets out of both."""
