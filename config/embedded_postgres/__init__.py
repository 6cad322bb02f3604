"""A Postgres that comes with the project: started on the first connection, stopped by the last process that leaves.

`base` is the database backend Django loads, `launcher` the story of a start; the other modules know one thing each.
It is meant for development, tests and one machine. It does no backups, no upgrades and no tuning.
"""
