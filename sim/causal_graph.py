"""What depends on what, as a graph: text for Graphviz, or a picture.

Nodes are the elements of a model, its inputs and the quantities derived after a run; an arrow goes from
cause to effect. Around one variable the graph holds its causes up to two steps back and what it feeds.
The picture of the whole model has one node a sector and on each arrow how many quantities of one sector
another one reads.
"""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sim.charts.words import LANGS, Lang, choose
from sim.derived import DERIVED
from sim.engine.graph import TIME, Model
from sim.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import networkx as nx

STEPS_BACK = 2
LONGEST_LABEL = 52
DERIVED_SECTOR = "derived"
SECTORS: dict[str, tuple[str, str]] = {
    "lever": ("Levers and assumptions", "Đòn bẩy và giả định"),
    "policy": ("Policy", "Chính sách"),
    "economy": ("Economy", "Kinh tế"),
    "budget": ("Budget", "Ngân sách"),
    "research": ("Public research", "Nghiên cứu công"),
    "business": ("Business research", "Nghiên cứu của doanh nghiệp"),
    "talent": ("Talent", "Nhân lực"),
    "infrastructure": ("Infrastructure", "Hạ tầng"),
    "digital": ("Digital economy", "Kinh tế số"),
    "trade": ("Trade", "Thương mại"),
    "institutions": ("Institutions", "Thể chế"),
    "representative_firm": ("Firms", "Doanh nghiệp"),
    "reporting": ("Indicators", "Chỉ tiêu"),
    DERIVED_SECTOR: ("After the run", "Tính sau khi chạy"),
    "series": ("Exogenous series", "Chuỗi ngoại sinh"),
    "parameter": ("Parameters", "Tham số"),
}
_TITLES = {
    "whole": ("What each sector reads of the others", "Mỗi khu vực dùng gì của các khu vực khác"),
    "around": ("What {name} depends on and feeds", "{name} phụ thuộc vào gì và tác động đến gì"),
    "whole_note": (
        "Number on an arrow: quantities of the sector it leaves that the sector it enters reads. "
        "Parameters are left out.",
        "Số trên mũi tên: số đại lượng của khu vực gốc mà khu vực đích sử dụng. Không vẽ các tham số.",
    ),
    "columns": ("two steps before;directly before;;directly after", "trước hai bước;ngay trước;;ngay sau"),
    "left_out": ("{count} more parameters two steps before", "còn {count} tham số ở trước hai bước"),
}
_SHAPES = {
    "stock": "box",
    "flow": "cds",
    "indicator": "doubleoctagon",
    "annual": "box3d",
    "lagged": "house",
    "noise": "diamond",
    "lever": "hexagon",
    "series": "hexagon",
    "parameter": "plaintext",
    "derived": "octagon",
}
# light fills on which black text can be read; the sectors' order decides which one each gets
_FILLS = (
    *("#CFE2F3", "#FCE5CD", "#D9EAD3", "#F9D5E5", "#FFF2CC", "#E1D5F0", "#D0E8E6", "#F4CCCC"),
    *("#DDE7C7", "#E8DCCB", "#C9DAF8", "#EAD1DC", "#EEEEEE", "#DADADA", "#FFFFFF", "#F7E6A4"),
)


def causal_graph(model: Model, *, lang: str = "en", around: str | None = None) -> str:
    """The causal graph as DOT text: one cluster a sector, stocks as boxes, levers as hexagons.

    Without ``around`` the whole model but its parameters; with it the causes of that variable up to
    :data:`STEPS_BACK` steps back and what it feeds. Dashed arrows are initial values, bold ones flows
    into or out of a stock. Raises InputError for an unknown variable or language.
    """
    language = _check(model, lang, around)
    graph = _neighbourhood(model, around) if around is not None else _whole(model)
    lines = [
        "digraph nq57 {",
        "  rankdir=LR;",
        '  node [fontname="DejaVu Sans", fontsize=10, style=filled, fillcolor=white];',
        "  edge [color=gray40];",
    ]
    for sector in sorted({graph.nodes[n]["sector"] for n in graph}, key=_sector_order):
        fill = _fill(sector)
        lines += [
            f"  subgraph {_quoted(f'cluster_{sector}')} {{",
            f"    label={_quoted(sector_label(sector, language))}; style=filled; color={_quoted(fill)};",
        ]
        for name in graph:
            node = graph.nodes[name]
            if node["sector"] == sector:
                bold = ", penwidth=3" if name == around else ""
                shape = _SHAPES.get(node["kind"], "ellipse")
                unit = _unit(model, name)
                label = _quoted(f"{_label(model, name, language)}\n{name}{f' [{unit}]' if unit else ''}")
                lines.append(f"    {_quoted(name)} [shape={shape}, label={label}{bold}];")
        lines.append("  }")
    for cause, effect, role in graph.edges(data="role"):
        style = {"initial": " [style=dashed]", "inflow": " [penwidth=2]"}.get(role, "")
        if role == "outflow":
            style = ' [penwidth=2, arrowhead=tee, label="−"]'
        lines.append(f"  {_quoted(cause)} -> {_quoted(effect)}{style};")
    return "\n".join([*lines, "}"]) + "\n"


def draw_causal_graph(
    model: Model, path: str | os.PathLike[str], *, lang: str = "en", around: str | None = None
) -> Path:
    """Draw the causal graph to ``path`` (.svg or .png) and return it.

    Without ``around`` the sectors of the whole model, with it that variable among its causes and
    consumers. The file appears whole or not at all. Raises InputError as :func:`causal_graph` does, for
    another ending and for a file that cannot be written.
    """
    from sim.charts.style import DPI, chart_style
    from sim.run_folder import replacing

    language = _check(model, lang, around)
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise InputError(
            Problem("a picture is SVG or PNG", file=str(path), value=path.suffix, bound=".svg or .png")
        )
    with chart_style(), replacing(path) as temporary:
        if around is None:
            figure = _draw_sectors(model, language)
        else:
            figure = _draw_neighbourhood(model, around, language)
        empty: dict[str, Any] = {"Software": None} if suffix == ".png" else {"Date": None, "Creator": None}
        figure.savefig(temporary, format=suffix[1:], dpi=DPI, metadata=empty)
    return path


def sector_label(sector: str, lang: Lang) -> str:
    """How a sector is called; its name where there is no other word for it."""
    default = sector.replace("_", " ").capitalize()
    return SECTORS.get(sector, (default, default))[LANGS.index(lang)]


def _check(model: Model, lang: str, around: str | None) -> Lang:
    problems = []
    if lang not in LANGS:
        problems.append(Problem("unknown language", where="lang", value=lang, bound=" or ".join(LANGS)))
    known = {*model.elements, *model.inputs, *DERIVED}
    if around is not None and around not in known:
        problems.append(
            Problem("unknown variable", where="around", value=around, suggestion=nearest(around, known))
        )
    if problems:
        raise InputError(problems)
    return cast(Lang, lang)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _kind(model: Model, name: str) -> str:
    if name in model.elements:
        return model.elements[name].kind
    if name in DERIVED:
        return "derived"
    # what only derived quantities read is a parameter of theirs
    return model.inputs[name].kind if name in model.inputs else "parameter"


def _sector(model: Model, name: str) -> str:
    if name in model.elements:
        return model.elements[name].sector or "model"
    kind = _kind(model, name)
    return DERIVED_SECTOR if kind == "derived" else kind


def _sector_order(sector: str) -> tuple[int, str]:
    known = list(SECTORS)
    return (known.index(sector) if sector in known else len(known), sector)


def _fill(sector: str) -> str:
    return _FILLS[_sector_order(sector)[0] % len(_FILLS)]


def _label(model: Model, name: str, lang: Lang) -> str:
    if name in DERIVED and name not in model.elements:
        return choose(DERIVED[name].label, DERIVED[name].label_vi, lang)
    return model.label(name, lang)


def _unit(model: Model, name: str) -> str:
    if name in DERIVED and name not in model.elements:
        return DERIVED[name].unit
    # the model does not know parameters that only derived quantities read
    return model.unit(name) if name in model.elements or name in model.inputs else ""


def _causes(model: Model, name: str) -> dict[str, str]:
    """Direct causes of ``name`` with their role: argument, initial, inflow or outflow."""
    if name in DERIVED and name not in model.elements:
        return dict.fromkeys(DERIVED[name].inputs, "argument")
    found = dict.fromkeys(model.dependencies(name), "argument")
    found.pop(TIME, None)
    element = model.elements.get(name)
    if element is not None:
        if element.initial is not None:
            found[element.initial] = "initial"
        found |= dict.fromkeys(element.inflows, "inflow")
        found |= dict.fromkeys(element.outflows, "outflow")
        if element.table:
            found[element.table] = "argument"
    return found


def _graph(model: Model, edges: Mapping[tuple[str, str], str], alone: str | None = None) -> nx.DiGraph:
    import networkx as nx

    graph = nx.DiGraph()
    names = sorted({*(n for edge in edges for n in edge), *([alone] if alone else [])})
    for name in names:
        graph.add_node(name, sector=_sector(model, name), kind=_kind(model, name))
    for (cause, effect), role in edges.items():
        graph.add_edge(cause, effect, role=role)
    return graph


def _whole(model: Model) -> nx.DiGraph:
    """Every element, lever, series and derived quantity; parameters are left out."""
    return _graph(
        model,
        {
            (cause, name): role
            for name in (*model.elements, *DERIVED)
            for cause, role in _causes(model, name).items()
            if _kind(model, cause) != "parameter"
        },
    )


def _neighbourhood(model: Model, around: str) -> nx.DiGraph:
    """Causes of ``around`` up to :data:`STEPS_BACK` steps back, consumers, and the arrows to and from them.

    Each node has ``column``: steps before ``around`` as a negative number, 1 for consumers.
    """
    edges: dict[tuple[str, str], str] = {}
    columns = {around: 0}
    front = [around]
    for step in range(1, STEPS_BACK + 1):
        found = []
        for name in front:
            for cause, role in _causes(model, name).items():
                edges[cause, name] = role
                if cause not in columns:
                    columns[cause] = -step
                    found.append(cause)
        front = found
    for name in (*model.elements, *DERIVED):
        causes = _causes(model, name)
        if around in causes:
            edges[around, name] = causes[around]
            columns.setdefault(name, 1)
    graph = _graph(model, edges, around)
    for name, column in columns.items():
        graph.nodes[name]["column"] = column
    return graph


def _draw_sectors(model: Model, lang: Lang) -> Any:
    """One node a sector on a circle, arrows with the number of quantities read."""
    import networkx as nx
    from matplotlib.patches import FancyBboxPatch

    from sim.charts.style import BODY, GREY, LEAD, SMALL, TITLE, new_figure

    whole = _whole(model)
    read: Counter[tuple[str, str]] = Counter()
    sizes = Counter(whole.nodes[n]["sector"] for n in whole)
    for cause in whole:
        sector = whole.nodes[cause]["sector"]
        # a quantity counts once for a sector, however many equations there read it
        for reader in {whole.nodes[e]["sector"] for e in whole.successors(cause)} - {sector}:
            read[sector, reader] += 1
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(sizes, key=_sector_order))
    places = nx.circular_layout(graph)
    figure = new_figure()
    figure.set_size_inches(16, 16)
    axes = figure.add_axes((0, 0, 1, 0.92))
    axes.set_axis_off()
    axes.set_xlim(-1.25, 1.25)
    axes.set_ylim(-1.15, 1.15)
    boxes = {}
    for sector in graph:
        x, y = places[sector]
        boxes[sector] = FancyBboxPatch(
            (x - 0.17, y - 0.07),
            0.34,
            0.14,
            boxstyle="round,pad=0,rounding_size=0.03",
            facecolor=_fill(sector),
            edgecolor=GREY,
            linewidth=1.4,
            zorder=3,
        )
        axes.add_patch(boxes[sector])
        text = textwrap.fill(f"{sector_label(sector, lang)} ({sizes[sector]})", 17)
        axes.text(x, y, text, ha="center", va="center", fontsize=BODY - 2, zorder=4)
    most = max(read.values(), default=1)
    bend = 0.13
    for (a, b), count in read.items():
        colour = _dark(_fill(a))
        axes.annotate(
            "",
            places[b],
            places[a],
            arrowprops={
                "arrowstyle": "-|>,head_width=0.35,head_length=0.7",
                "color": colour,
                "linewidth": 1.2 + 4 * count / most,
                "connectionstyle": f"arc3,rad={bend}",
                "patchA": boxes[a],
                "patchB": boxes[b],
                "shrinkA": 1,
                "shrinkB": 2,
            },
            zorder=1,
        )
        # on the arc, nearer to its head: two arrows between the same sectors keep their numbers apart
        x, y = _on_arc(places[a], places[b], bend, 0.66)
        box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"}
        axes.text(
            x,
            y,
            str(count),
            ha="center",
            va="center",
            fontsize=SMALL - 2,
            color=colour,
            weight="bold",
            bbox=box,
            zorder=2,
        )
    where = LANGS.index(lang)
    figure.text(0.03, 0.965, _TITLES["whole"][where], fontsize=TITLE, weight="bold", va="center")
    figure.text(0.03, 0.93, _TITLES["whole_note"][where], fontsize=LEAD - 4, color=GREY, va="center")
    return figure


def _on_arc(start: Sequence[float], end: Sequence[float], bend: float, share: float) -> tuple[float, float]:
    """The point of matplotlib's "arc3" (a quadratic Bezier curve) after ``share`` of its parameter."""
    middle = (
        (start[0] + end[0]) / 2 + bend * (end[1] - start[1]),
        (start[1] + end[1]) / 2 - bend * (end[0] - start[0]),
    )
    weights = ((1 - share) ** 2, 2 * share * (1 - share), share**2)
    x, y = (sum(w * p[k] for w, p in zip(weights, (start, middle, end))) for k in (0, 1))
    return x, y


def _dark(colour: str) -> tuple[float, float, float]:
    """A darker, stronger tone of a light fill."""
    import colorsys

    from matplotlib.colors import to_rgb

    hue, _, saturation = colorsys.rgb_to_hls(*to_rgb(colour))
    return colorsys.hls_to_rgb(hue, 0.38, min(1.0, 0.85 * saturation))


def _draw_neighbourhood(model: Model, around: str, lang: Lang) -> Any:
    """Columns from left to right: causes of causes, causes, the variable, what it feeds."""
    from sim.charts.style import GREY, SMALL, TITLE, VERMILLION, new_figure

    graph = _neighbourhood(model, around)
    where = LANGS.index(lang)
    far_parameters = [
        n for n in graph if graph.nodes[n]["column"] < -1 and graph.nodes[n]["kind"] == "parameter"
    ]
    graph.remove_nodes_from(far_parameters)
    columns: dict[int, list[str]] = {}
    for name in sorted(graph, key=lambda n: (_sector_order(graph.nodes[n]["sector"]), n)):
        columns.setdefault(graph.nodes[name]["column"], []).append(name)
    used = sorted(columns)
    box, pitch, margin, head, foot = 4.7, 5.6, 0.3, 1.9, 1.1
    width = max(pitch * (len(used) - 1) + box + 2 * margin, 12.0)
    body = max(0.72 * max(map(len, columns.values())), 2.2)
    height = body + head + foot
    figure = new_figure()
    figure.set_size_inches(width, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    places = {}
    for k, column in enumerate(used):
        names = columns[column]
        x, step = margin + pitch * k, min(body / len(names), 1.3)
        for row, name in enumerate(names):
            places[name] = (x, foot + body / 2 + step * ((len(names) - 1) / 2 - row))
        title = _TITLES["columns"][where].split(";")[column + STEPS_BACK]
        axes.text(x + 0.05, height - 1.45, title, fontsize=SMALL, color=GREY, va="center")
    for cause, effect in graph.edges:
        if cause == effect:
            continue
        (x0, y0), (x1, y1) = places[cause], places[effect]
        near = around in (cause, effect)
        # forwards from edge to edge; within a column bowed out to the right; backwards straight
        start, end, bend = (x0 + box, y0), (x1, y1), 0.0
        if x1 == x0:
            end, bend = (x1 + box, y1), -0.35
        elif x1 < x0:
            start, end = (x0, y0), (x1 + box, y1)
        axes.annotate(
            "",
            end,
            start,
            arrowprops={
                "arrowstyle": "-|>",
                "color": VERMILLION if near else GREY,
                "alpha": 0.9 if near else 0.5,
                "linewidth": 1.5 if near else 0.9,
                "connectionstyle": f"arc3,rad={bend}",
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
    for name, place in places.items():
        _node(axes, model, graph, name, place, box, name == around, lang)
    title = _TITLES["around"][where].format(name=around)
    figure.text(margin / width, 1 - 0.6 / height, title, fontsize=TITLE - 4, weight="bold", va="center")
    present = sorted({graph.nodes[n]["sector"] for n in graph}, key=_sector_order)
    _legend(axes, [(sector_label(s, lang), _fill(s)) for s in present], (margin, 0.8), width)
    if far_parameters:
        note = _TITLES["left_out"][where].format(count=len(far_parameters))
        axes.text(margin, height - 1.0, note, fontsize=12, color=GREY, va="center")
    return figure


def _node(
    axes: Any,
    model: Model,
    graph: nx.DiGraph,
    name: str,
    place: tuple[float, float],
    width: float,
    middle: bool,
    lang: Lang,
) -> None:
    """A box with label and name; stocks have square corners and a thick edge."""
    from matplotlib.patches import FancyBboxPatch

    from sim.charts.style import BLACK, GREY, INK, VERMILLION

    kind = graph.nodes[name]["kind"]
    x, y = place
    is_stock = kind == "stock"
    axes.add_patch(
        FancyBboxPatch(
            (x + 0.03, y - 0.29),
            width - 0.06,
            0.58,
            boxstyle="square,pad=0" if is_stock else "round,pad=0,rounding_size=0.16",
            facecolor=_fill(graph.nodes[name]["sector"]),
            edgecolor=VERMILLION if middle else BLACK if is_stock else GREY,
            linewidth=3 if middle else 2 if is_stock else 0.8,
            zorder=3,
        )
    )
    text = _label(model, name, lang)
    if len(text) > LONGEST_LABEL:
        text = text[: LONGEST_LABEL - 1].rstrip() + "…"
    axes.text(x + 0.14, y + 0.11, text, fontsize=11, color=INK, va="center", zorder=4)
    axes.text(x + 0.14, y - 0.14, name, fontsize=9.5, color=GREY, va="center", zorder=4, family="monospace")


def _legend(axes: Any, entries: list[tuple[str, str]], place: tuple[float, float], width: float) -> None:
    """Fill and name of each sector, in rows from left to right."""
    from matplotlib.patches import Rectangle

    from sim.charts.style import GREY

    column = 0.7 + 0.095 * max(len(text) for text, _ in entries)
    in_row = max(1, int((width - place[0]) / column))
    for k, (text, fill) in enumerate(entries):
        x, y = place[0] + column * (k % in_row), place[1] - 0.3 * (k // in_row)
        patch = Rectangle((x, y - 0.09), 0.26, 0.18, facecolor=fill, edgecolor=GREY, linewidth=0.8)
        axes.add_patch(patch)
        axes.text(x + 0.34, y, text, fontsize=11, va="center")
