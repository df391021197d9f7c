"""Sentences on what rows may have seen of labels and places before."""

from results import kinship
from results.frame import from_records


def test_labels_kin_and_places_are_said_once_each(make_fair_study):
    told = {"label_source": "folders by eye", "overlap": "0 km2, 0.00% of the test images, lie under the corpus"}
    records = make_fair_study()
    assert [] == kinship.notes(from_records(records))
    methods = list(dict.fromkeys(record.method for record in records))
    marked = [
        record.model_copy(update={"design": told | ({"kin": "eurosat"} if record.method == methods[0] else {})})
        for record in records
    ]
    data, protocol = records[0].dataset, records[0].protocol
    assert [
        f"Labels of {data}: folders by eye.",
        f"Label kin: classes of eurosat, learned by {methods[0]}, are kin to the labels of {data}.",
        f"Overlap on {protocol}: 0 km2, 0.00% of the test images, lie under the corpus.",
    ] == kinship.notes(from_records(marked))
