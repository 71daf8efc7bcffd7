"""The vendored compiler and its runtime as scripts for a page of a browser."""

from __future__ import annotations

import json
from pathlib import Path

VENDOR = Path(__file__).parent / "vendor"
COMPILER, RUNTIME = "iced-coffee-script", "iced-runtime"
# The vendored files are CommonJS modules; what they ask of Node they never use when they only compile text.
_LOADER = """(() => {
const sources = SOURCES, loaded = {fs: {}, vm: {}, path: {}};
const load = path => {
  const name = path.replace('./', '');
  if (name === 'iced-runtime') return {const: load('const')};
  if (!(name in loaded)) {
    const module = {exports: loaded[name] = {}};
    new Function('module', 'exports', 'require', sources[name])
      .call(module.exports, module, module.exports, load);
    loaded[name] = module.exports;
  }
  return loaded[name];
};
GIVE
})()"""
_COMPILER = """const compiler = load('coffee-script');
delete Error.prepareStackTrace;
window.compile = source => {
  try { return {code: compiler.compile(source, {bare: true, runtime: 'none'})}; }
  catch (error) { return {message: `${error.name}: ${error.message}`}; }
};"""
_RUNTIME = "if (!window.iced) window.iced = load('runtime');"


def _script(sources: dict[str, str], give: str) -> str:
    return _LOADER.replace("GIVE", give).replace("SOURCES", json.dumps(sources))


def _sources(package: str) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((VENDOR / package).glob("*.js"))}


def compiler_script() -> str:
    """Return a script that gives a page ``compile(source)``, which returns ``{code}`` or ``{message}``."""
    return _script(_sources(COMPILER) | {"const": _sources(RUNTIME)["const"]}, _COMPILER)


def runtime_script() -> str:
    """Return a script that gives a page the global ``iced``, which compiled `await` and `defer` ask for."""
    return _script(_sources(RUNTIME), _RUNTIME)
