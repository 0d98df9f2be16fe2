"""Alembic's scripts. `versions/0001…` is the first schema; a file that was released is never changed."""
