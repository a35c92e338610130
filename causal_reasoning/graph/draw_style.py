"""Colours and style sheet of graph drawings: light, dark, or the theme of the page around them."""

from __future__ import annotations

# After the palette of Okabe and Ito, which people with any colour vision can tell apart; darkened where a
# thin line would not show on white, and lightened for dark backgrounds.
ROLE_COLOURS: dict[str, tuple[str, str]] = {
    "question": ("#0072b2", "#56a9e0"),
    "skill": ("#c77700", "#f0a830"),
    "confounder": ("#c2410c", "#f07a45"),
    "answer": ("#007a5a", "#2fbf93"),
    "rationale": ("#2a8fbd", "#7cc8ee"),
    "domain": ("#a8447f", "#dd8dbb"),
    "instrument": ("#8a7d00", "#e0d24a"),
    "selection": ("#7a4b24", "#c79a70"),
    "other": ("#5b6573", "#9aa5b4"),
}
"""Light and dark line colour of each role."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# name: (variable of a page around the drawing, light, dark)
_THEME = {
    "ink": ("--ink", "#1b2430", "#e8edf3"),
    "muted": ("--muted", "#566170", "#9ba7b6"),
    "line": ("--graph-line", "#465261", "#b4bfcc"),
    "faint": ("--graph-faint", "#aeb6c0", "#5a6573"),
    "hidden": ("--graph-hidden", "#7c3aad", "#c59bea"),
    "paper": ("--surface", "#ffffff", "#12171e"),
}


def style_sheet(roles: list[str]) -> str:
    """CSS of a drawing.

    Parameters
    ----------
    roles : list of str
        The roles drawn.

    Returns
    -------
    str
        Rules under the class ``cr-graph``. Each colour stands twice: plain for viewers without CSS variables,
        then as a variable that follows the reader's light or dark setting and, inside a page, the page's own.
    """
    light = {name: f"var({outer}, {day})" for name, (outer, day, _) in _THEME.items()}
    dark = {name: f"var({outer}, {night})" for name, (outer, _, night) in _THEME.items()}
    for role in roles:
        light[role], dark[role] = (f"var(--role-{role}, {colour})" for colour in ROLE_COLOURS[role])
    plain = {name: day for name, (_, day, _) in _THEME.items()} | {r: ROLE_COLOURS[r][0] for r in roles}

    def paint(selector: str, extra: str = "", **paints: str) -> str:
        body = "".join(
            f"{prop}: {plain[name]}; {prop}: var(--g-{name}); " for prop, name in paints.items() if name in plain
        )
        return f".cr-graph {selector} {{ {body}{extra} }}"

    rules = [
        ".cr-graph { " + " ".join(f"--g-{name}: {value};" for name, value in light.items()) + " }",
        "@media (prefers-color-scheme: dark) { .cr-graph { "
        + " ".join(f"--g-{name}: {value};" for name, value in dark.items())
        + " } }",
        f".cr-graph text {{ font-family: {FONT}; }}",
        paint(".name", "font-size: 14px; font-weight: 600;", fill="ink"),
        paint(".note", "font-size: 11px;", fill="muted"),
        paint(".key", "font-size: 11px;", fill="muted"),
        ".cr-graph .mark { font-weight: 700; }",
        ".cr-graph .box { fill-opacity: 0.11; stroke-width: 1.5px; }",
        ".cr-graph .treatment .box { stroke-width: 3px; }",
        ".cr-graph .latent .box { fill-opacity: 0.03; stroke-dasharray: 5 4; }",
        ".cr-graph .latent .name { font-weight: 500; font-style: italic; }",
        ".cr-graph .ring { fill: none; stroke-width: 1.5px; }",
        paint(".line", "fill: none; stroke-width: 1.6px;", stroke="line"),
        paint(".head", fill="line"),
        paint(".hidden .line", "stroke-dasharray: 6 4;", stroke="hidden"),
        paint(".hidden .head", fill="hidden"),
        paint(".cut .line", "stroke-width: 1.3px;", stroke="faint"),
        paint(".cut .head", fill="faint"),
        paint(".strike", "fill: none; stroke-width: 2px; stroke-linecap: round;", stroke="ink"),
    ]
    for role in roles:
        rules.append(paint(f".role-{role} .box", fill=role, stroke=role))
        rules.append(paint(f".role-{role} .ring", stroke=role))
        rules.append(paint(f".role-{role} .mark", fill=role))
    rules.append("@media print { .cr-graph .box { fill-opacity: 0; } }")
    return "\n".join(rules)
