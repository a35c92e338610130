"""The logic of a blicket machine: its light is on exactly if at least one object on it is a blicket.

Objects are bits, panels and queries are sets of objects as masks, and a hypothesis is the set of the blickets. Of the
hypotheses that agree with all panels, the greatest one without the query's objects decides whether the light must be
on, so nothing is enumerated here.

References
----------
A. Gopnik and D. Sobel, "Detecting blickets" (Child Development 2000). C. Zhang et al., "ACRE: abstract causal
reasoning beyond covariation" (CVPR 2021): the first four kinds of queries, and covariation as the shortcut.
"""

from __future__ import annotations

from dataclasses import dataclass

ON, OFF, UNDETERMINED = "on", "off", "undetermined"
STATES = (ON, OFF, UNDETERMINED)

#: What answers a query, with the answer that it implies.
KINDS: dict[str, str] = {
    "direct": ON,
    "indirect": ON,
    "screening_off": OFF,
    "backward_blocking": UNDETERMINED,
    "never_lit": OFF,
    "ambiguous": UNDETERMINED,
}


@dataclass(frozen=True)
class Scene:
    """Panels that were seen, and a query.

    Parameters
    ----------
    panels : tuple of (int, bool)
        Objects on the machine as a mask, and whether its light was on.
    query : int
        Objects whose light is asked for, as a mask; at least one.
    """

    panels: tuple[tuple[int, bool], ...]
    query: int

    @property
    def harmless(self) -> int:
        """Objects of panels whose light was off: they are no blickets."""
        result = 0
        for objects, lit in self.panels:
            if not lit:
                result |= objects
        return result

    @property
    def consistent(self) -> bool:
        """Whether any hypothesis agrees with all panels: no lit panel has only harmless objects."""
        return all(objects & ~self.harmless for objects, lit in self.panels if lit)

    @property
    def blickets(self) -> int:
        """Objects that are blickets in every hypothesis: those that are left alone in a lit panel."""
        result = 0
        for objects, lit in self.panels:
            rest = objects & ~self.harmless
            if lit and rest.bit_count() == 1:
                result |= rest
        return result

    @property
    def truth(self) -> str:
        """The light of the query: on, off, or undetermined.

        Examples
        --------
        >>> Scene(((0b11, True), (0b01, False)), 0b10).truth
        'on'
        >>> Scene(((0b11, True), (0b01, True)), 0b10).truth
        'undetermined'
        """
        if not self.query & ~self.harmless:
            return OFF
        lit = any(on and not objects & ~self.harmless & ~self.query for objects, on in self.panels)
        return ON if lit else UNDETERMINED

    @property
    def covariation(self) -> str:
        """The shortcut: how often the light was on with each object of the query, on average; a half says nothing.

        An object that was never seen counts a half.

        Examples
        --------
        >>> Scene(((0b11, True), (0b01, True)), 0b10).covariation
        'on'
        """
        total, count = 0.0, 0
        for index in range(self.query.bit_length()):
            if self.query >> index & 1:
                seen = [lit for objects, lit in self.panels if objects >> index & 1]
                total += sum(seen) / len(seen) if seen else 0.5
                count += 1
        share = total / count
        # Sums of thirds and the like: a half is a half up to rounding.
        return UNDETERMINED if abs(share - 0.5) < 1e-9 else ON if share > 0.5 else OFF

    @property
    def kind(self) -> str:
        """What answers the query, a key of `KINDS`.

        - ``direct``: the light is on, as a lit panel holds nothing but objects of the query;
        - ``indirect``: it is on, as a lit panel holds nothing else once harmless objects are left out;
        - ``screening_off``: it is off, though an object of the query was seen in the light;
        - ``backward_blocking``: it is undetermined; whatever might be a blicket was seen in the light, and each time
          beside a sure blicket;
        - ``never_lit``: it is off, and no object of the query was ever seen in the light;
        - ``ambiguous``: it is undetermined for another reason.
        """
        truth = self.truth
        if truth == ON:
            return "direct" if any(on and not objects & ~self.query for objects, on in self.panels) else "indirect"
        lit = [objects for objects, on in self.panels if on]
        if truth == OFF:
            return "screening_off" if any(objects & self.query for objects in lit) else "never_lit"
        open_ = self.query & ~self.harmless
        sure = self.blickets
        seen = 0
        for objects in lit:
            if objects & open_:
                if not objects & sure:
                    return "ambiguous"
                seen |= objects
        return "backward_blocking" if not open_ & ~seen else "ambiguous"
