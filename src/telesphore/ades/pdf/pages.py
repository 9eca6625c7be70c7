"""The tree of pages (ISO 32000-2 §7.7.3)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.objects import Name, Reference, Value
from telesphore.ades.pdf.syntax import DEEPEST

if TYPE_CHECKING:
    from telesphore.ades.pdf.reader import Document


class Pages:
    """References of pages, in order; one of them is found without walking through the others when /Count is honest."""

    def __init__(self, document: "Document") -> None:
        self._document = document
        self._root = document.catalog.get(Name("Pages"))
        count = document.dictionary(self._root).get(Name("Count"))
        count = document.resolve(count)
        if type(count) is not int or not 0 <= count <= document.limits.objects:
            raise UnreadableFile(why="page-count")
        self._count = count

    def __len__(self) -> int:
        """As the root says."""
        return self._count

    def __getitem__(self, index: int) -> Reference:
        """Of page `index`, from 0.

        Raises:
            IndexError: there is none.
            UnreadableFile, FileBeyondLimits: the tree is not one.
        """
        if not 0 <= index < self._count:
            raise IndexError(index)
        document, node = self._document, self._root
        remaining = index
        for _ in range(DEEPEST):
            fields = document.dictionary(node)
            kids = document.array(fields.get(Name("Kids")))
            if document.resolve(fields.get(Name("Count"))) == len(kids):
                # Leaves only, unless the tree lies, which shows when the page is looked at.
                node, found = kids[remaining], True
            else:
                found = False
                for node in kids:
                    held = self._held(node)
                    if remaining < held:
                        break
                    remaining -= held
                else:
                    raise UnreadableFile(why="page-count")
            if type(node) is not Reference:
                raise UnreadableFile(why="page-tree")
            if document.dictionary(node).get(Name("Kids")) is None:
                return node
            if found:
                raise UnreadableFile(why="page-count")
        raise UnreadableFile(why="page-tree")

    def _held(self, node: Value) -> int:
        fields = self._document.dictionary(node)
        if fields.get(Name("Kids")) is None:
            return 1
        count = self._document.resolve(fields.get(Name("Count")))
        if type(count) is not int or count < 0:
            raise UnreadableFile(why="page-count")
        return count

    def __iter__(self) -> Iterator[Reference]:
        """All of them, by walking the whole tree, whatever /Count says.

        Raises:
            UnreadableFile, FileBeyondLimits: the tree is not one.
        """
        waiting: list[Value] = [self._root]
        seen: set[Reference] = set()
        while waiting:
            node = waiting.pop()
            if type(node) is not Reference or node in seen:
                raise UnreadableFile(why="page-tree")
            seen.add(node)
            kids = self._document.dictionary(node).get(Name("Kids"))
            if kids is None:
                yield node
            else:
                waiting.extend(reversed(self._document.array(kids)))
