"""Who takes part in a random run: tenants, users, clients, and the small, slowly renewed pools of ids they fight over."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from uuid import UUID

from tests.model.catalogue import ENTITIES

POOL = {"customers": 6, "sales": 9, "sale_items": 8, "payments": 9, "distributions": 6}


def random_uuid(random: Random) -> str:
    """An id that the seed decides."""
    return str(UUID(int=random.getrandbits(128), version=4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One client: the queue of one user."""

    client: str
    user: str
    tenants: tuple[str, ...]


class World:
    """Two tenants, six users (one in both), eight clients.

    **Shape**: `members` is {(tenant, user): role}; `pools` is {(tenant, entity): ids}.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        north, south = self.tenants = (random_uuid(random), random_uuid(random))
        users = [random_uuid(random) for _ in range(6)]
        self.users = users
        self.members = {
            (north, users[0]): "manager",
            (north, users[1]): "seller",
            (north, users[2]): "seller",
            (north, users[3]): "seller",
            (south, users[3]): "manager",
            (south, users[4]): "manager",
            (south, users[5]): "seller",
        }
        owners = (0, 0, 1, 1, 2, 3, 4, 5)
        self.devices = [self._device(users[owner]) for owner in owners]
        self.pools = {
            (tenant, entity): [random_uuid(random) for _ in range(size)]
            for tenant in self.tenants
            for entity, size in POOL.items()
        }

    def _device(self, user: str) -> Device:
        tenants = tuple(tenant for tenant, member in self.members if member == user)
        return Device(client=random_uuid(self.random), user=user, tenants=tenants)

    def row_id(self, tenant: str, entity: str) -> str:
        """An id out of the pool; now and then a foreign one, or a pool's place gets a new one."""
        if self.random.random() < 0.03:
            tenant = self.random.choice(self.tenants)
        pool = self.pools[(tenant, entity)]
        place = self.random.randrange(len(pool))
        return pool[place]

    def renew(self, tenant: str, entity: str, row_id: str) -> None:
        """Put a new id in the place of one that is worn out."""
        pool = self.pools[(tenant, entity)]
        if row_id in pool:
            pool[pool.index(row_id)] = random_uuid(self.random)

    def sellers(self, tenant: str) -> list[str]:
        """The members of a business."""
        return [user for member_of, user in self.members if member_of == tenant]


assert set(POOL) == set(ENTITIES)
