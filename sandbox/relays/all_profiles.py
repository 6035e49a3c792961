"""Every profile of a relay by its name."""

from sandbox.relays.billing_profiles import BILLING_PROFILES
from sandbox.relays.platform_profiles import PLATFORM_PROFILES
from sandbox.relays.profiles import PROFILES
from sandbox.relays.software_profiles import SOFTWARE_PROFILES

ALL_PROFILES = PROFILES | PLATFORM_PROFILES | BILLING_PROFILES | SOFTWARE_PROFILES
