from synthetic_records import make_study, run_bench, store, write_store  # noqa: F401 - fixtures
