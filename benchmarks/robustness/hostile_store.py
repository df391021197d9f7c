"""Hostile names, and a store whose every text is one: of paths, shells, spreadsheets, pages, LaTeX, Markdown, terminals."""

import json
from pathlib import Path

NAMES = {
    "parent": "../../outside",
    "absolute": "/etc/outside",
    "windows": "..\\..\\outside",
    "command": "x; touch ran #",
    "substitution": "$(touch ran)`touch ran`",
    "newline": "first\nsecond\r\nthird",
    "nul": "a\x00b",
    "bidi": "abc\u202edef\u2066\u200f",
    "escape": "\x1b]0;title\x07\x1b[31mred",
    "long": "x" * 290,
    "dde": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-1+1|x",
    "at": "@SUM(1)",
    "full width": "\uff1d1+1",
    "behind a semicolon": 'a;=1+1;"=2',
    "behind a tab": "\t=1+1",
    "behind a quote": '"=1+1',
    "script": "<script>touch('ran')</script>",
    "image": '<img src=x onerror="alert(1)">',
    "attribute": '" onmouseover="alert(1)',
    "end of script": "</script><script>alert(1)</script>",
    "comment": "<!-- --><!--",
    "input": r"\input{/etc/passwd}",
    "write18": r"\immediate\write18{touch ran}",
    "catcode": r"^^5cinput{/etc/passwd}",
    "percent": "100% of %s {0} %n",
    "braces": "}{\\end{document}",
    "link": "[x](javascript:alert(1)) ![y](http://127.0.0.1/z)",
    "fence": "```\n# heading\n```",
    "table": "a | b |\n|---|",
    "jinja": "{{ 7*7 }}{% raw %}<< 7 >>",
    "mathematics": r"$\frac{1}{$",
    "markup": "[red]x[/red]",
    "hidden": ".hidden",
    "dots": "..",
}


def hostile_store(folder: Path) -> None:
    """Two rows, two seeds and two amounts under each name, in every text that a record, sheet or question has."""
    from datetime import date

    from bench.store.copied import Copied, CopiedScore, keep
    from bench.store.designs import Cell, Sentence, Sheet
    from bench.store.questions import Question, Questions
    from bench.store.records import Record
    from bench.store.store import Store

    store = Store(folder)
    store.open_for_writing()
    number = 0
    for at, text in enumerate(NAMES.values()):
        for row in ("random", text):
            for fraction in (0.1, 1.0):
                for seed in (0, 1):
                    number += 1
                    score = 0.4 + 0.1 * (row == text) + 0.013 * seed + 0.2 * fraction
                    store.write_record(
                        Record(
                            key=f"k{number}", study=text, row=None if row == "random" else text, axes={text: text},
                            method="random" if row == "random" else text, options={text: text, "init": text},
                            backbone="resnet18", task=text, dataset=text, protocol=f"{text}{at}"[:300], protocol_hash=text,
                            fraction=fraction, seed=seed, seeds={"pretrain": seed, "subset": seed, "train": seed},
                            weights=f"w{at}", corpus=text, metric=text,
                            metrics={text: score, f"{text}/{text}"[:300]: 0.5}, labels=text if fraction < 1 else None,
                            counts={"train": 10, "train_all": 20, "val": 0, "test": 20, "steps": 10, "classes": 2},
                            design={"selection": text, "draw": text, "label_source": text, "of": text},
                            tuned={text: text, "trials": 2.0}, settled={"settled": 0.0}, warnings={text: text},
                            pretraining={"steps": 3.0}, trivial=0.2, provenance={"device": text, "weights": {"device_name": text}},
                            cost={"train_seconds": 1.0},
                        )
                    )  # fmt: skip
        card = {"key": f"w{at}", "method": text, "backbone": text, "seed": 0, "steps": 3, "row": text}
        (store.weights(f"w{at}")).mkdir(parents=True)
        (store.weights(f"w{at}") / "card.json").write_text(
            json.dumps(card | {"warnings": {text: text}, "options": {text: text}})
        )
        cells = [[Cell(text=text, differs=True), Cell(text=text)]]
        store.write_design(
            Sheet(study=text, columns=[text, text], rows=cells, notes=[text],
                  sentences=[Sentence(a=text, b="random", about="methods", because=[text])])
        )  # fmt: skip
        asked = Question(
            a=text,
            b="random",
            protocol=f"{text}{at}"[:300],
            backbone="resnet18",
            fraction=1.0,
            amount=text,
            metric=text,
        )
        store.write_questions(
            Questions(study=text, date=date(2026, 1, 2), revision=text, within=0.01, questions=(asked,))
        )
        score = CopiedScore(
            dataset=text,
            evaluation=text,
            metric=text,
            value=0.5,
            model=text,
            n_train=1,
            n_test=2,
            seed=0,
            settings={text: text},
        )
        keep(folder, Copied(benchmark="torchgeo-bench", file=text, sha256=f"{at:064d}", scores=[score]))
