"""Text of others on a terminal, in a table and in the name of a file: names come from users and from other packages."""

import re
import unicodedata

# Control, format (bidi marks, zero-width), surrogate, private, unassigned; line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Bytes of a file's name that every file system takes, less what is put around it.
LONGEST = 150


def visible(text: str) -> str:
    """Spell out characters that do not show, or that a terminal would act on, as `[U+202E]`."""
    return "".join(f"[U+{ord(char):04X}]" if unicodedata.category(char) in _UNSEEN else char for char in text)


def file_name(text: str) -> str:
    """A text as the name of a file: letters, digits, `_`, `.` and `-`; never a path, never hidden, never too long."""
    plain = re.sub(r"[^\w.-]", "-", text)
    while len(plain.encode()) > LONGEST:
        plain = plain[:-1]
    return plain if plain.strip(".") and not plain.startswith(".") else f"-{plain}"
