"""Property tests here measure no time: a busy machine must not turn one red."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
