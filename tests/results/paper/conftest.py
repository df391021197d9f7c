from synthetic_records import (  # noqa: F401 - fixtures
    make_fair_study,
    make_study,
    run_bench,
    store,
    write_store,
)
