"""A day with an offline phone, played against the real server: `python -m demo`, and `python -m demo serve`.

The story and what every operation must be answered stand in `scenario`. Not here: tests of the product; this is what
a newcomer watches.
"""
