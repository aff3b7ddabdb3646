"""The CMEK runbook: put Claude workspace data under your own Azure Key Vault key, with a record of it."""
