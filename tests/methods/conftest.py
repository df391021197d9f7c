from textured_corpus import _one_thread, corpus, labelled  # noqa: F401 - fixtures
