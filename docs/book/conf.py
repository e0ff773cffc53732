"""The book: how the pages of docs/ become a site. The pages themselves know nothing of it."""

import re
from pathlib import Path

from pygments.lexers.rust import RustLexer

DOCS = Path(__file__).parent.parent

project = "zrig"
root_doc = "README"
extensions = ["myst_parser"]
exclude_patterns = ["book", "fleet/*/files/**"]
html_theme = "furo"
html_title = "zrig"
html_copy_source = False
html_show_sphinx = False

# As GitHub names them.
myst_heading_anchors = 4
# Blocks show more than one language, and lines left out.
suppress_warnings = ["misc.highlighting_failure"]

# The sidebar. A folder stands for its pages, in alphabetical order.
CHAPTERS = {
    "Learn": ["install", "tutorial", "rhai", "guide", "recipes/README", "recipes/", "topologies"],
    "Look up": ["topology-file", "handlers", "commands"],
    "Run": ["running", "live-page", "observing", "recordings", "several-machines", "fleet/README", "fleet/systemd/README",
            "fleet/compose/README", "fleet/kubernetes/README", "security"],
    "Be sure": ["checking", "testing", "editors"],
    "Words": ["explain/", "explain/functions/"],
    "Codes": ["explain/codes/"],
    "Inside": ["performance", "control-socket", "development"],
}


def pages_of(entry):
    """The page of an entry of `CHAPTERS`, or those of its folder."""
    if not entry.endswith("/"):
        return [entry]
    names = sorted(page.stem for page in (DOCS / entry).glob("*.md"))
    return [f"{entry}{name}" for name in names if name != "README"]


def begin_with_the_chapters(app, name, source):
    """Gives the first page the list of all others, which GitHub has no use for."""
    if name == root_doc:
        for title, entries in CHAPTERS.items():
            pages = "\n".join(page for entry in entries for page in pages_of(entry))
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


def link_to_the_repository(app, name, source):
    """What a page shows of the repository is no page of the book: its name stays, as code."""
    folder = (DOCS / name).parent

    def mended(match):
        text, target = match.groups()
        path = (folder / target.split("#")[0]).resolve()
        inside = path.is_relative_to(DOCS) and path.suffix in (".md", ".svg", ".png") and path.is_file()
        if "://" in target or target.startswith("#") or inside:
            return match.group(0)
        if not path.exists():
            raise FileNotFoundError(f"{name}: {target}")
        return text if text.startswith("`") else f"`{text}`"

    parts = re.split(r"(^```.*?^```)", source[0], flags=re.MULTILINE | re.DOTALL)
    linked = [part if part.startswith("```") else re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", mended, part) for part in parts]
    source[0] = "".join(linked)


def setup(app):
    app.add_lexer("rhai", RustLexer)
    app.connect("source-read", link_to_the_repository)
    app.connect("source-read", begin_with_the_chapters)
