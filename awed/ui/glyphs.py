"""Shapes and words for states. Each has a shape of its own, so that it can be told without colours."""

from collections.abc import Mapping

from twisted.web.template import Tag, tags

from awed.model.states import TaskState

_PATHS: Mapping[str, str] = {
    "init": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    "pending": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    "queued": "M3 3h10v2L9.5 8 13 11v2H3v-2l3.500-3L3 5z",
    "in-progress": "M4.500 2.500v11L13.500 8z",
    "completed": "M8 1.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13"
    "M11.300 5 7 9.300 5 7.300 3.900 8.400 7 11.500l5.400-5.400z",
    "suspend": "M3.500 2.500h3.200v11H3.500zM9.300 2.500h3.200v11H9.300z",
    "failed": "M8 1.200 15.500 14.500H.5zM7.200 6v4.300h1.600V6zM7.200 11.500V13h1.600v-1.500z",
    "deleted": "M3.200 4.600 4.600 3.200 8 6.600l3.400-3.400 1.400 1.400L9.400 8l3.400 3.400"
    "-1.400 1.400L8 9.400l-3.400 3.400-1.400-1.400L6.600 8z",
    "active-idle": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    "active-busy": "M4.500 2.500v11L13.500 8z",
    "busy": "M4.500 2.500v11L13.500 8z",
    "checkout": "M4.500 2.500v11L13.500 8z",
}

_WORDS: Mapping[str, str] = {
    "init": "being prepared",
    "in-progress": "in progress",
    "suspend": "suspended",
    "active-idle": "idle",
    "active-busy": "busy",
    "checkout": "out",
}


def svg(name: str, *children: object, **attributes: str) -> Tag:
    """A tag of SVG. In the names of attributes ``_`` stands for ``-``; one at the end is dropped (``class_``)."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return Tag(name, attributes=dict(named), children=list(children))  # type: ignore[arg-type]


def word(state: str) -> str:
    """The word for *state* on the page."""
    return _WORDS.get(state, state)


def glyph(state: str) -> Tag:
    """The shape of *state*, hidden from screen readers: the word must stand beside it."""
    path = svg("path", d=_PATHS.get(state, _PATHS["pending"]), fill_rule="evenodd")
    return svg("svg", path, class_=f"glyph s-{state}", viewBox="0 0 16 16", aria_hidden="true")


def badge(state: str, **attributes: str) -> Tag:
    """The shape and the word of *state*."""
    return tags.span(glyph(state), word(state), class_=f"badge s-{state}", **attributes)


BAR = (TaskState.COMPLETED, TaskState.IN_PROGRESS, TaskState.QUEUED, TaskState.SUSPEND)
"""The states of tasks that a progress bar shows, from the left; what remains empty are tasks that wait."""


def bar(counts: Mapping[TaskState, int]) -> Tag:
    """A progress bar. *counts*: the number of tasks in each state."""
    total, left = max(sum(counts.values()), 1), 0.0
    pieces: list[Tag] = []
    for state in BAR:
        if number := counts.get(state, 0):
            width = 100 * number / total
            pieces.append(
                svg("rect", x=f"{left:.2f}%", width=f"{width:.2f}%", height="100%", class_=f"fill s-{state}")
            )
            left += width
    told = ", ".join(f"{number} {word(state)}" for state, number in counts.items() if number)
    return svg("svg", pieces, class_="bar", role="img", aria_label=told or "no tasks")


def share(name: str, used: float, whole: float, told: str) -> Tag:
    """A bar of how much of *whole* is *used*, with *told* beside its *name*."""
    width = min(100 * used / whole, 100) if whole else 0
    rect = svg("rect", class_="fill s-in-progress", x="0", width=f"{width:.1f}%", height="100%")
    drawn = svg("svg", rect, class_="bar", role="img", aria_label=f"{name}: {told}")
    return tags.div(tags.small(f"{name} {told}"), drawn, class_="share")
