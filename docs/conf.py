"""The website, for Sphinx: `make site`. Pages are made of the notebooks and texts as they are."""

import gc
import os
import sys
from importlib.metadata import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "website"))
gc.set_threshold(50_000, 50, 1000)  # looking for garbage, of which there is little, took a fifth

package = metadata("convnet-course")
project = "The convnet course"
author = package["Author"]
copyright = f"{author}, CC BY 4.0"  # the name that Sphinx asks for
version = release = package["Version"]

# The sources start at the root of the repository, so that a link that works there works here.
root_doc = "index"
include_patterns = [
    "index.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/**.md",
    "docs/**.rst",
    "lectures/*.ipynb",
    "assignments/*/*.ipynb",
]
exclude_patterns = [".*", "build", "solutions", "tests", "gradebook", "convnet"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "pages", "api", "mathml"]
nb_execution_mode = "off"  # what is stored is shown; `make test` computes it again
nb_output_stderr = "error"
nb_code_prompt_show = "Show what it gives"  # what is folded answers a prediction
nb_code_prompt_hide = "Hide what it gives"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
html_math_renderer = "mathml"
add_module_names = False
toc_object_entries_show_parents = "hide"  # else the contents of a page show nothing else
autodoc_member_order = "bysource"
napoleon_custom_sections = ["Source"]
autodoc_typehints_format = "short"
default_role = "code"
html_use_index = False
html_domain_indices = False  # search finds names as well

# Where the course stands on GitHub; without it, pages offer the download alone.
repository_url = os.environ.get("REPOSITORY_URL", "")
repository_branch = os.environ.get("REPOSITORY_BRANCH", "main")

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["website/static"]
html_css_files = ["course.css"]
html_js_files = ["lessons.js"]
html_favicon = "website/static/favicon.svg"
templates_path = ["website/templates"]
html_sidebars = {"**": ["sidebar-head.html", "sbt-sidebar-nav.html"]}
html_context = {"default_mode": "auto"}
html_show_sphinx = False
html_show_sourcelink = False  # `pages` links the notebooks that Sphinx keeps in _sources
html_sourcelink_suffix = ""
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
}
