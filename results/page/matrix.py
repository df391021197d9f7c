"""The compact table at the top of the page: methods against tasks and amounts of labels, with tie groups."""

from dataclasses import dataclass

from results.page.board import Board, BoardRow, Score


@dataclass(frozen=True)
class Head:
    """One column: a protocol at one amount of labels.

    Attributes:
        board: its protocol and backbone.
        amount: what the amount is called.
        fraction: the same as a share.
        first: whether it is the first column of its protocol, which `span` columns share.
    """

    board: Board
    amount: str
    fraction: float
    first: bool
    span: int


@dataclass(frozen=True)
class Line:
    """One row; a score is None where its protocol was not asked of it."""

    variant: str
    stands: str
    meaning: str
    scores: list[Score | None]


@dataclass(frozen=True)
class Matrix:
    """All scores on one backbone.

    Attributes:
        ranked: methods and references.
        asides: floors, ceilings and controls.
        trivial: trivial scores as text, '' where they are not known; empty where none is.
    """

    backbone: str
    heads: list[Head]
    ranked: list[Line]
    asides: list[Line]
    trivial: list[str]

    @property
    def tied(self) -> bool:
        """Whether a column has letters."""
        return any(score.ties for line in [*self.ranked, *self.asides] for score in line.scores if score)


def matrices(boards: list[Board], variants: list[str]) -> list[Matrix]:
    """One matrix a backbone.

    Args:
        boards: of the page.
        variants: all rows, in the order of the page.
    """
    backbones = dict.fromkeys(board.backbone for board in boards)
    return [_matrix(name, [board for board in boards if board.backbone == name], variants) for name in backbones]


def _matrix(backbone: str, boards: list[Board], variants: list[str]) -> Matrix:
    heads = [
        Head(board, amount, fraction, at == 0, len(board.amounts))
        for board in boards
        for at, (amount, fraction) in enumerate(board.amounts.items())
    ]
    rows = {(board.id, row.variant): row for board in boards for row in board.rows}
    lines = [_line(variant, heads, rows) for variant in variants]
    lines = [line for line in lines if any(line.scores)]
    trivial = [_trivial(head) for head in heads]
    return Matrix(
        backbone,
        heads,
        [line for line in lines if not line.stands],
        [line for line in lines if line.stands],
        trivial if any(trivial) else [],
    )


def _line(variant: str, heads: list[Head], rows: dict[tuple[str, str], BoardRow]) -> Line:
    mine = [rows.get((head.board.id, variant)) for head in heads]
    first = next((row for row in mine if row), None)
    scores = [row.scores.get(head.fraction) if row else None for row, head in zip(mine, heads, strict=True)]
    return Line(variant, first.stands if first else "", first.meaning if first else "", scores)


def _trivial(head: Head) -> str:
    score = head.board.blind.get(head.fraction)
    return "" if score is None else f"{100 * score:.1f}"
