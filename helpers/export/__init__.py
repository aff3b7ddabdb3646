"""The same onboarding for other tools: as a script of az and curl commands, and as a Terraform configuration.

Pure functions from parameters and published constants to text; only an import into Terraform reads the cloud.
"""
