"""How long a store of many records takes to load: `python -m benchmarks.loading_records [RECORDS]`, 10,000 by default.

Copies of one valid record that differ in key, method, fraction and seed, in a folder that is removed afterwards. Prints
wall and processor time of `results.load`, the second time in a row, with the files in the page cache.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from results import load

SAMPLE = Path(__file__).parents[1] / "tests" / "results" / "old_records" / "schema1.json"
FRACTIONS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.6, 0.7, 0.8, 1.0]


def main(count):
    sample = json.loads(SAMPLE.read_text())
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        records.mkdir()
        for i in range(count):
            changes = {
                "key": f"{i:016x}",
                "method": f"m{i // 10 % 10}",
                "fraction": FRACTIONS[i % 10],
                "seed": i // 100,
            }
            (records / f"{i:016x}.json").write_text(json.dumps(sample | changes))
        load(Path(folder))
        wall, processor = time.perf_counter(), time.process_time()
        rows = len(load(Path(folder)))
        print(
            f"{rows} records: {time.perf_counter() - wall:.2f} s, of the processor {time.process_time() - processor:.2f} s"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
