"""Places the nodes of a graph in layers, by the longest path to each, with few crossings and short edges.

A graph is given by its parents: for each node, the numbers of the nodes before it. Where an edge passes through a
layer, it has a bend there, which takes room in the layer as nodes do.
"""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

Parents = Sequence[Sequence[int]]

SWEEPS = 4
"""How often all layers are put in order, from the left and then from the right."""

MOST_BENDS = 4000
"""The most bends; with more of them, all edges are drawn straight."""

BEND = 0.4
"""The room that a bend takes in its layer; a node takes 1."""


class Layout(NamedTuple):
    """*layer* and *row* of each node, both from 0; rows need not be whole numbers. *paths*: for each edge, as a pair
    of nodes, the layers and rows of its bends. *layers* and *rows*: how many there are."""

    layer: list[int]
    row: list[float]
    paths: dict[tuple[int, int], list[tuple[int, float]]]
    layers: int
    rows: float


def layered(parents: Parents) -> Layout:
    """The layout of an acyclic graph."""
    layer = _layers(parents)
    ends, before, chains = _with_bends(parents, layer)
    after: list[list[int]] = [[] for _ in before]
    for node, found in enumerate(before):
        for parent in found:
            after[parent].append(node)
    columns = _ordered(ends, before, after)
    row = _rows(columns, before, after, len(parents))
    paths = {edge: [(ends[bend], row[bend]) for bend in bends] for edge, bends in chains.items()}
    return Layout(layer, row[: len(parents)], paths, len(columns), max(row, default=0) + 1)


def _layers(parents: Parents) -> list[int]:
    """The length of the longest path to each node."""
    after: list[list[int]] = [[] for _ in parents]
    missing = [len(found) for found in parents]
    for node, found in enumerate(parents):
        for parent in found:
            after[parent].append(node)
    layer = [0] * len(parents)
    ready = [node for node, number in enumerate(missing) if not number]
    for node in ready:
        for child in after[node]:
            layer[child] = max(layer[child], layer[node] + 1)
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return layer


def _with_bends(
    parents: Parents, layer: Sequence[int]
) -> tuple[list[int], list[list[int]], dict[tuple[int, int], list[int]]]:
    """The layers of all nodes and bends, the nodes or bends before each, and the bends of each edge."""
    ends, before = list(layer), [list[int]() for _ in parents]
    edges = [(parent, node) for node, found in enumerate(parents) for parent in dict.fromkeys(found)]
    is_bent = sum(layer[node] - layer[parent] - 1 for parent, node in edges) <= MOST_BENDS
    chains: dict[tuple[int, int], list[int]] = {}
    for parent, node in edges:
        last, bends = parent, []
        for passed in range(layer[parent] + 1, layer[node] if is_bent else 0):
            ends.append(passed)
            before.append([last])
            last = len(ends) - 1
            bends.append(last)
        before[node].append(last)
        chains[parent, node] = bends
    return ends, before, chains


def _ordered(ends: Sequence[int], before: Parents, after: Parents) -> list[list[int]]:
    """The nodes and bends of each layer, from top to bottom, sorted by the median place of those before or after."""
    columns: list[list[int]] = [[] for _ in range(max(ends, default=-1) + 1)]
    for node, layer in enumerate(ends):
        columns[layer].append(node)
    place = {node: number for column in columns for number, node in enumerate(column)}
    for sweep in range(2 * SWEEPS):
        joined = after if sweep % 2 else before
        for column in columns[:: -1 if sweep % 2 else 1]:
            wanted = {node: median(map(place.__getitem__, joined[node])) for node in column if joined[node]}
            column.sort(key=lambda node: wanted.get(node, place[node]))
            place.update((node, number) for number, node in enumerate(column))
    return columns


def _rows(columns: Sequence[Sequence[int]], before: Parents, after: Parents, nodes: int) -> list[float]:
    """The row of each node and bend: near those before and after it, as far as the others in its layer allow."""

    def room(node: int) -> float:
        return 1.0 if node < nodes else BEND

    row = [0.0] * len(before)
    for column in columns:
        _put(column, room, lambda node: 0.0, row)
    for sweep in range(2 * SWEEPS):
        joined = after if sweep % 2 else before
        for column in columns[:: -1 if sweep % 2 else 1]:
            _put(column, room, lambda node: _mean(row, joined[node], row[node]), row)  # noqa: B023
    least = min(row, default=0.0)
    return [place - least for place in row]


def _mean(row: Sequence[float], joined: Sequence[int], otherwise: float) -> float:
    return sum(row[node] for node in joined) / len(joined) if joined else otherwise


def _put(
    column: Sequence[int], room: Callable[[int], float], wanted: Callable[[int], float], row: list[float]
) -> None:
    """Set the rows of the nodes in *column* as near as possible to the *wanted* ones, in this order and with their
    *room*.

    Less the room of the nodes above it, no node may have a lower row than the one above: neighbours for which it
    would be lower are moved together, to the average of what is wanted.
    """
    offsets, used = list[float](), 0.0
    for place, node in enumerate(column):
        used += (room(column[place - 1]) + room(node)) / 2 if place else 0.0
        offsets.append(used)
    groups: list[list[float]] = []  # of neighbours that were moved together: the sum of wanted rows, and their number
    for node, offset in zip(column, offsets, strict=True):
        groups.append([wanted(node) - offset, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, number = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += number
    places = (total / number for total, number in groups for _ in range(int(number)))
    for node, offset, wanted_at in zip(column, offsets, places, strict=True):
        row[node] = wanted_at + offset
