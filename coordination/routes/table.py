"""Which RMS nodes serve which video, made of listings that may come late, twice or out of order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """One RMS, in one life of its process, serves one video."""

    video: str
    rms_id: str
    boot_id: str

    @property
    def name(self) -> str:
        """Its node's name: ``<video>~<rmsId>~<bootId>``."""
        return f"{self.video}~{self.rms_id}~{self.boot_id}"

    @classmethod
    def parse(cls, name: str) -> Route | None:
        """The route of a node's name; None where it is none."""
        parts = name.split("~")
        return cls(*parts) if len(parts) == 3 and all(parts) else None


@dataclass(frozen=True, slots=True)
class RouteChange:
    """What an update made appear in, and disappear from, the routes that are in force."""

    added: tuple[Route, ...] = ()
    removed: tuple[Route, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class RouteTable:
    """The routes that are listed, and of these the ones in force: those of RMS nodes in the life they now have.

    A listing says all routes of one bucket as of one transaction (its ``pzxid``); an older one never overwrites a
    newer one. A route that a killed RMS left behind is out of force as soon as the RMS is gone or has started anew,
    long before ZooKeeper takes it away.
    """

    def __init__(self) -> None:
        self._listings: dict[int, tuple[int, frozenset[str]]] = {}
        self._boots: dict[str, str] = {}
        self._listed: dict[str, tuple[Route, ...]] = {}
        self._listed_by_rms: dict[str, set[Route]] = {}
        self._in_force: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        """Videos that have a route in force."""
        return len(self._in_force)

    def rms_of(self, video: str) -> tuple[str, ...]:
        """The ids of the RMS nodes that serve a video, sorted; empty when none does."""
        return self._in_force.get(video, ())

    def videos(self) -> Collection[str]:
        """The videos that have a route in force."""
        return self._in_force.keys()

    def routes_of(self, video: str) -> tuple[Route, ...]:
        """A video's routes in force."""
        return tuple(route for route in self._listed.get(video, ()) if self._is_in_force(route))

    def stale_routes(self) -> int:
        """Routes that are listed and not in force."""
        return sum(not self._is_in_force(route) for routes in self._listed.values() for route in routes)

    def apply(self, bucket: int, pzxid: int, names: Iterable[str]) -> RouteChange:
        """Takes over a listing of a bucket. Names that are no routes are ignored."""
        known_pzxid, known = self._listings.get(bucket, (-1, frozenset()))
        if pzxid < known_pzxid:
            return RouteChange()
        listed = frozenset(names)
        self._listings[bucket] = (pzxid, listed)
        removed = [self._unlist(route) for route in map(Route.parse, known - listed) if route]
        added = [self._list(route) for route in map(Route.parse, listed - known) if route]
        change = RouteChange(
            added=tuple(route for route in added if self._is_in_force(route)),
            removed=tuple(route for route in removed if self._is_in_force(route)),
        )
        self._settle({route.video for route in (*change.added, *change.removed)})
        return change

    def set_boots(self, boots: Mapping[str, str]) -> RouteChange:
        """Takes over which RMS nodes there are, each with the boot id of the life that it now has."""
        changed = [rms_id for rms_id in {*boots, *self._boots} if boots.get(rms_id) != self._boots.get(rms_id)]
        routes = [route for rms_id in changed for route in self._listed_by_rms.get(rms_id, ())]
        removed = tuple(route for route in routes if self._is_in_force(route))
        self._boots = dict(boots)
        added = tuple(route for route in routes if self._is_in_force(route))
        self._settle({route.video for route in (*added, *removed)})
        return RouteChange(added=added, removed=removed)

    def remove_rms(self, rms_id: str) -> RouteChange:
        """Puts all routes of an RMS out of force at once."""
        return self.set_boots({id_: boot for id_, boot in self._boots.items() if id_ != rms_id})

    def forget_versions(self) -> None:
        """Accepts the next listing of every bucket: ZooKeeper's data was wiped, its transactions count anew."""
        self._listings = {bucket: (-1, names) for bucket, (_, names) in self._listings.items()}

    def _is_in_force(self, route: Route) -> bool:
        return self._boots.get(route.rms_id) == route.boot_id

    def _list(self, route: Route) -> Route:
        self._listed[route.video] = (*self._listed.get(route.video, ()), route)
        self._listed_by_rms.setdefault(route.rms_id, set()).add(route)
        return route

    def _unlist(self, route: Route) -> Route:
        rest = tuple(other for other in self._listed[route.video] if other != route)
        if rest:
            self._listed[route.video] = rest
        else:
            del self._listed[route.video]
        of_rms = self._listed_by_rms[route.rms_id]
        of_rms.discard(route)
        if not of_rms:
            del self._listed_by_rms[route.rms_id]
        return route

    def _settle(self, videos: Iterable[str]) -> None:
        for video in videos:
            if rms_ids := tuple(sorted(route.rms_id for route in self.routes_of(video))):
                self._in_force[video] = rms_ids
            else:
                self._in_force.pop(video, None)
