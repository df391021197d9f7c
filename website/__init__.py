"""The documentation as a site: `python -m website` builds it and checks it; nothing of it is committed or in the wheel.

The pages of `docs/` stay where they are. `website.build` copies them into a folder of sources, beside pages that are made
from the code and the configurations (`website.reference`), renders that folder with Zensical, and holds what came out to
`website.checks`.
"""
