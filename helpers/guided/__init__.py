"""What a notebook shows only where a person sits in front of it: forms."""
