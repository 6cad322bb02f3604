"""Who is calling: our own tokens, tokens of configured issuers, and the actor the database makes of them.

Not here: HTTP (that is `sync.api`), nor who is a member of what (that is the project's ActorDirectory).
"""
