"""The five steps. Each reads facts, and plans what is wanted from them; planning is pure."""
