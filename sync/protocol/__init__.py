"""What travels on the wire: operations, outcomes, codes, clocks and the strict decoder.

Pure Python. It imports neither Django nor a database driver, so every promise about the format is tested
without either.
"""
