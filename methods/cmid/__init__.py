"""CMID (Muhtar et al., TGRS 2023): masked image modelling, global contrast and local matching in one."""
