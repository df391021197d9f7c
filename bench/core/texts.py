"""Text of others on a terminal, in a table and in the name of a file: names come from users and from other packages."""

import re
import unicodedata

from bench.core.keys import content_hash

# Control, format (bidi marks, zero-width), surrogate, private, unassigned; line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Bytes of a file's name that every file system takes, less what is put around it.
LONGEST = 150


def visible(text: str) -> str:
    """Spell out characters that do not show, or that a terminal would act on, as `[U+202E]`."""
    return "".join(f"[U+{ord(char):04X}]" if unicodedata.category(char) in _UNSEEN else char for char in text)


def file_name(text: str) -> str:
    """A text as the name of a file: letters, digits, `_`, `.` and `-`; never a path, never hidden, never too long."""
    plain = short(re.sub(r"[^\w.-]", "-", text))
    return plain if plain.strip(".") and not plain.startswith(".") else f"-{plain}"


def short(name: str) -> str:
    """A name that no file system finds too long: the end of one that is gives way to a hash of all of it."""
    if len(name.encode()) <= LONGEST:
        return name
    return f"{name.encode()[: LONGEST - 17].decode(errors='ignore')}-{content_hash(name)}"
