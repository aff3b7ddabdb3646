"""Sealing a run so that it can be checked years later without this code, and checking it. EVIDENCE.md is the rule."""
