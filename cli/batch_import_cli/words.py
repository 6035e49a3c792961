"""The language of the user's locale: English stands in the code, Chinese in ``locale/`` (docs/decisions/0031).

click takes its own texts from the same catalogue, because gettext's domain is the process's.
"""

import gettext
from pathlib import Path

DOMAIN = "batch_import_cli"
LOCALES = Path(__file__).with_name("locale")

gettext.bindtextdomain(DOMAIN, str(LOCALES))
gettext.textdomain(DOMAIN)
_ = gettext.gettext
ngettext = gettext.ngettext


def language() -> str:
    """``zh`` when ``LANGUAGE``, ``LC_ALL``, ``LC_MESSAGES`` or ``LANG`` asks for Chinese, otherwise ``en``."""
    return "zh" if gettext.find(DOMAIN, str(LOCALES)) else "en"
