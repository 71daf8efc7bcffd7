"""What a step depends on, by content: the code it imports, a notebook's cells, a folder of data.

Comments, docstrings, blank lines and times of change make no difference.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pcutils.errors import RunError


class CodeBase:
    """The modules of one package, read without importing them.

    Parameters
    ----------
    root : pathlib.Path
        Folder that holds the package.
    package : str
        Its name.
    """

    def __init__(self, root: Path, package: str = "pcutils") -> None:
        self.root, self.package = root, package
        self._direct: dict[str, frozenset[str]] = {}
        self._mentioned = re.compile(rf"\b{package}(?:\.\w+)+")  # what a string starts or imports

    def digest(self, *modules: str) -> str:
        """Digest everything that importing some modules runs.

        Parameters
        ----------
        *modules : str
            Full names.

        Returns
        -------
        str
            64 hexadecimal digits. Other code, or another file beside that code (a script, a style sheet),
            gives others; a comment or a docstring does not.
        """
        files: set[Path] = set()
        digest = hashlib.sha256()
        for module in sorted(self.closure(modules)):
            digest.update(
                f"{module}\n{ast.dump(_parsed(self._file(module).read_text(encoding='utf-8')))}\n".encode()
            )
            files.update(self._beside(module))
        for file in sorted(files):
            digest.update(f"{file.relative_to(self.root)}\n".encode() + file.read_bytes())
        return digest.hexdigest()

    def digest_notebook(self, notebook: Path) -> str:
        """Digest a notebook's cells and the code that they import.

        Parameters
        ----------
        notebook : pathlib.Path
            Its outputs and its metadata make no difference, tags do.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        shown = [
            [cell["cell_type"], cell["metadata"].get("tags", []), "".join(cell["source"])] for cell in cells
        ]
        code = "\n".join(source for kind, _, source in shown if kind == "code")
        modules = self._imports(_without_magics(code), self.package)
        return hashlib.sha256(json.dumps([shown, self.digest(*modules)]).encode()).hexdigest()

    def closure(self, modules: Iterable[str]) -> frozenset[str]:
        """Collect modules and all that they import, directly or not.

        Parameters
        ----------
        modules : iterable of str
            Full names.

        Returns
        -------
        frozenset of str
            Modules of the package.
        """
        found: set[str] = set()
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                waiting.extend(self._direct_imports(module) - found)
        return frozenset(found)

    def _direct_imports(self, module: str) -> frozenset[str]:
        if module not in self._direct:
            file = self._file(module)
            try:
                self._direct[module] = self._imports(file.read_text(encoding="utf-8"), module)
            except SyntaxError as error:
                raise RunError(f"{file}, line {error.lineno}: {error.msg}.") from error
        return self._direct[module]

    def _imports(self, source: str, module: str) -> frozenset[str]:
        found: set[str] = set()
        for node in _running_nodes(_parsed(source)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.update(self._whole(alias.name))
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node, module)
                for alias in node.names:
                    found.update(self._named(base, alias.name))
            else:
                for mentioned in self._mentioned.findall(_text(node) or ""):
                    found.update(self._whole(mentioned))
        return frozenset(found)

    def _named(self, base: str, name: str) -> set[str]:
        """Modules behind ``from base import name``: where a package only passes the name on, its home."""
        if self._exists(f"{base}.{name}"):
            return self._whole(f"{base}.{name}")
        if not self._exists(base):
            return set()
        if not self._is_package(base):
            return {base}
        tree = _parsed(self._file(base).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                originals = {alias.asname or alias.name: alias.name for alias in node.names}
                home = self._absolute(node, base)
                if name in originals and home != base:
                    return self._named(home, originals[name])
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if _text(key) == name and (submodule := self._submodule(base, _text(value))):
                        return self._named(submodule, name)
        return self._whole(base)

    def _whole(self, name: str) -> set[str]:
        """Collect a module, or a package with everything in it."""
        if not self._exists(name):
            return set()
        if not self._is_package(name):
            return {name}
        folder = self._file(name).parent
        files = (file for file in folder.rglob("*.py"))
        parts = (file.relative_to(self.root).with_suffix("").parts for file in files)
        return {".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts}

    def _submodule(self, package: str, name: str | None) -> str | None:
        candidates = (name, f"{package}.{name}") if name else ()
        return next((one for one in candidates if self._exists(one)), None)

    def _absolute(self, node: ast.ImportFrom, module: str) -> str:
        if not node.level:
            return node.module or ""
        parts = module.split(".") if self._is_package(module) else module.split(".")[:-1]
        return ".".join(parts[: len(parts) - node.level + 1] + ([node.module] if node.module else []))

    def _exists(self, module: str) -> bool:
        if module != self.package and not module.startswith(f"{self.package}."):
            return False
        return all(part.isidentifier() for part in module.split(".")) and self._file(module).is_file()

    def _is_package(self, module: str) -> bool:
        return self._exists(module) and self._file(module).name == "__init__.py"

    def _file(self, module: str) -> Path:
        path = self.root.joinpath(*module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def _beside(self, module: str) -> Iterator[Path]:
        """Yield the files of a room that are no Python: vendored scripts, style sheets, pictures."""
        folder = self._file(module).parent
        if folder != self.root / self.package:
            for file in folder.rglob("*"):
                if file.is_file() and file.suffix != ".py" and "__pycache__" not in file.parts:
                    yield file


def digest_folder(folder: Path) -> str:
    """Digest names and contents of all files in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        The folder, or one file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for file in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            digest.update(f"{file.relative_to(folder)}\n{content}\n".encode())
    return digest.hexdigest()


@functools.cache
def _parsed(source: str) -> ast.Module:
    """Parse code and leave out its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and _text(first.value) is not None:
                node.body = node.body[1:]
    return tree


def _running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without what only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _without_magics(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
