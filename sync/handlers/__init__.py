"""What an app author writes against: EntityHandler, @rule, Reject, Scope, @register."""

from sync.handlers.base import EntityHandler
from sync.handlers.change import Change
from sync.handlers.registry import register
from sync.handlers.rules import Reject, rule, upgrade
from sync.handlers.scope import Scope

__all__ = ["Change", "EntityHandler", "Reject", "Scope", "register", "rule", "upgrade"]
