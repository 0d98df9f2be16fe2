"""Alembic's scripts for the database of users. A file that was released is never changed."""
