"""Categories: found by the titles that a source gives them, renamed and removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.model import Article, Category, FormerPath, FormerPathState
from publisher.names import category_path
from publisher.store.addresses import former_category

Titles = tuple[str, ...]


class Categories:
    """Places articles in one transaction; remembers on the way what it has found."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Category] = {}
        self._settled: dict[Titles, Titles] = {}

    def expect(self, chains: Iterable[Titles]) -> None:
        """Look up in one query what the next calls of `place` will ask for."""
        paths = {path for titles in chains for path in _paths(titles)} - self._known.keys()
        query = select(Category).where(Category.path.in_(paths))
        self._known |= {category.path: category for category in self._session.scalars(query)}

    def settled(self, titles: Titles) -> Titles:
        """The titles by which the store knows a category that a source still calls by these."""
        if titles not in self._settled:
            path = category_path(titles)
            former = None if self._at(path) else former_category(self._session, path)
            target = self._at(former.to) if former and former.to else None
            self._settled[titles] = target.titles if target else titles
        return self._settled[titles]

    def place(self, titles: Titles) -> Category:
        """The category of these titles; what there is not yet of the chain is made."""
        parent: Category | None = None
        for path, title in zip(_paths(titles), titles, strict=True):
            category = self._at(path) or self._elsewhere(path, titles)
            if category is None:
                category = Category(path=path, title=title, parent=parent)
                self._session.add(category)
                self._known[path] = category
            parent = category
        if parent is None:
            raise ValueError("an article needs a category")
        return parent

    def _at(self, path: str) -> Category | None:
        if path not in self._known:
            found = self._session.scalar(select(Category).where(Category.path == path))
            if found is None:
                return None
            self._known[path] = found
        return self._known[path]

    def _elsewhere(self, path: str, titles: Titles) -> Category | None:
        """The category of these titles where its path was not made of them."""
        former = former_category(self._session, path)
        found = self._at(former.to) if former and former.to else None
        return found if found and found.titles == titles[: len(found.titles)] else None


def counted(session: Session) -> Sequence[tuple[Category, int]]:
    """Every category by path, with the number of articles in it itself."""
    query = (
        select(Category, func.count(Article.id))
        .outerjoin(Article, Article.category_id == Category.id)
        .group_by(Category.id)
        .order_by(Category.path)
    )
    return [(category, number) for category, number in session.execute(query)]


def titles(session: Session) -> dict[str, str]:
    """What each category is called, by its path."""
    rows = session.execute(select(Category.path, Category.title))
    return dict(rows.all())


def at(session: Session, path: str) -> Category | None:
    """The category of a path."""
    return session.scalar(select(Category).where(Category.path == path))


def rename(session: Session, category: Category, title: str, path: str) -> list[tuple[str, str]]:
    """Give a category another title and path; what is below it goes along (old and new paths).

    The old addresses lead to the new ones. Raises ValueError where a path is taken.
    """
    old = category.path
    family = [category, *_below(session, old)]
    moves = [(one.path, path + one.path.removeprefix(old)) for one in family]
    changed = {new for before, new in moves if before != new}
    taken = set(session.scalars(select(Category.path).where(Category.path.in_(changed))))
    if taken - {one.path for one in family}:
        raise ValueError(f"there is a category {min(taken)} already")
    category.title = title
    for one, (_, new) in zip(family, moves, strict=True):
        one.path = new
    session.flush()
    for one in family:
        _lead(session, one)
    return moves


def remove(session: Session, category: Category) -> None:
    """Take a category away. Raises ValueError where articles or categories are in it."""
    inside = select(func.count()).select_from(Article).where(Article.category_id == category.id)
    number = session.scalar(inside) or 0
    if number:
        raise ValueError(f"{category.path} holds {number} article(s); move them elsewhere first")
    below = _below(session, category.path)
    if below:
        raise ValueError(f"{below[0].path} is below it; remove that first")
    session.delete(category)
    session.flush()


def _lead(session: Session, category: Category) -> None:
    """Where the path is not made of the titles, let the one that is lead there: imports use it."""
    by_titles = category_path(category.titles)
    known = at(session, by_titles) or session.get(FormerPath, by_titles)
    if known is None:
        placed = FormerPathState.PLACED
        session.add(FormerPath(path=by_titles, category_id=category.id, state=placed))


def _below(session: Session, path: str) -> Sequence[Category]:
    query = select(Category).where(Category.path.startswith(f"{path}/", autoescape=True))
    return session.scalars(query.order_by(Category.path)).all()


def _paths(titles: Titles) -> list[str]:
    return [category_path(titles[: n + 1]) for n in range(len(titles))]
