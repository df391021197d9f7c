from synthetic_records import (  # noqa: F401 - fixtures
    make_fair_study,
    make_record,
    make_study,
    run_bench,
    save_prediction,
    store,
    write_store,
)
