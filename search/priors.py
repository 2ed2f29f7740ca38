"""Networks that are known before a search begins: its first trials, and what some of its proposals are near to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from archspec.search.candidates import Candidate

SHARE = 0.5


@dataclass(frozen=True)
class Prior:
    """A named network, evaluated before anything is proposed. Its genome is empty where it is no point of the space."""

    name: str
    candidate: Candidate

    @property
    def key(self) -> str:
        """What its trial is known by."""
        return self.candidate.key


@dataclass(frozen=True)
class Priors:
    """The priors of a search in their order, and the share of proposals that are drawn near them and near the best."""

    networks: tuple[Prior, ...] = ()
    share: float = SHARE

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Key of a trial -> the name of its prior; the names of several that are one function are joined."""
        found: dict[str, str] = {}
        for one in self.networks:
            found[one.key] = f"{found[one.key]}, {one.name}" if one.key in found else one.name
        return found


NO_PRIORS = Priors()
