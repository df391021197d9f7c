"""Options of methods, tuned alike: spaces of one size, as many trials, judged where no table scores.

A tuning file (`spaces.py`) says what is tried; `search.py` pretrains the trials as rows of a study and judges each
(`judge.py`) on labelled pictures of a development world; the ledger (`ledger.py`) holds all trials and what was chosen.
"""
