"""A job's reports are kept as lines that any process may read, now and then and not at each step."""

from bench.store.progress import FILE, noted, notes_of


def test_reports_are_passed_on_and_kept_with_their_loss(tmp_path):
    told = []
    tell = noted(tmp_path, lambda *words: told.append(words), every=0.0)
    tell(5, 20, "loss 1.250")
    tell(10, 20, "training 2 of 3, loss 0.500")
    tell(20, 20, "selecting")
    assert [(5, 20, "loss 1.250"), (10, 20, "training 2 of 3, loss 0.500"), (20, 20, "selecting")] == told
    assert [(5, 1.25), (10, 0.5), (20, None)] == [(note.done, note.loss) for note in notes_of(tmp_path)]


def test_a_job_that_is_done_at_once_keeps_no_line(tmp_path):
    noted(tmp_path, lambda *_: None)(1, 1, "loss 0.1")
    assert not (tmp_path / FILE).exists()
    assert [] == notes_of(tmp_path)


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    noted(tmp_path, lambda *_: None, every=0.0)(1, 9, "loss 0.1")
    with (tmp_path / FILE).open("a") as stream:
        stream.write('{"at": 1.0, "do')
    assert [1] == [note.done for note in notes_of(tmp_path)]


def test_a_folder_that_is_gone_stops_no_job(tmp_path):
    told = []
    noted(tmp_path / "gone", lambda *words: told.append(words), every=0.0)(1, 9, "loss 0.1")
    assert [(1, 9, "loss 0.1")] == told
