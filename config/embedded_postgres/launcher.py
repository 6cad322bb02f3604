"""The story of a start: from nothing, or from a server that is already there, to an address to connect to."""

import threading
from dataclasses import dataclass

from . import binaries, ports
from .cluster import ROLE, Cluster
from .identity import Lodging, settle
from .place import Place
from .presence import Presence
from .server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a client needs to connect."""

    host: str
    port: int
    user: str
    password: str


class Launcher:
    """The embedded Postgres as this process sees it. One for the process: see `launcher`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._address: Address | None = None

    def address(self) -> Address:
        """Return where the server listens, starting it at the first call.

        **Errors**: `EmbeddedPostgresError` when it cannot be started here.
        """
        with self._lock:
            if self._address is None:
                self._address = self._start()
            return self._address

    def revive(self) -> bool:
        """Start the server again if it is gone. Tells whether it was; then the address may be another one."""
        with self._lock:
            if self._server is None or self._server.is_running():
                return False
            self._address = self._start()
            return True

    def _start(self) -> Address:
        if self._server is None:
            place = Place.from_environment()
            server = _server_of(settle(place, binaries.find(place.binaries)), place)
            Presence(server.cluster.data).enter()
            self._server = server
        cluster = self._server.cluster
        presence = Presence(cluster.data)
        with presence.starting():
            cluster.create()
            port = self._server.bring_up()
            presence.post_guardian(self._server.stop_command(), cluster.lodging.identity.uid)
        return Address(host=ports.HOST, port=port, user=ROLE, password=cluster.password)


def _server_of(lodging: Lodging, place: Place) -> Server:
    data = lodging.home / place.data_name(lodging.binaries.major)
    return Server(cluster=Cluster(lodging=lodging, data=data), fast=place.fast)


launcher = Launcher()
