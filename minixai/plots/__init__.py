"""What a person looks at: a small computation graph with its numbers, and heat maps beside their images.

Every function returns a matplotlib Figure and leaves matplotlib's global state alone:
`figure.savefig("maps.png")` writes it, a notebook displays it.
"""

from minixai.plots.diagram import graph
from minixai.plots.maps import show

__all__ = ["graph", "show"]
