"""A rehearsal cloud on loopback: Entra, Graph, ARM, Key Vault and the Anthropic Admin API for real clients.

It imports nothing from the rest of `helpers`, constants included: a shared constant would hide a shared mistake.
What it simulates, and on what evidence, is listed in COVERAGE.md.
"""
