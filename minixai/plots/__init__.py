"""What a person looks at: graphs with their numbers, heat maps, filters, paths, scores, and figures to play with.

Every function returns a matplotlib Figure and leaves matplotlib's global state alone:
`figure.savefig("maps.png")` writes it, a notebook displays it.
"""

from minixai.plots.comparison import compare
from minixai.plots.diagram import graph
from minixai.plots.filters import filters
from minixai.plots.heat import heat_map
from minixai.plots.maps import show
from minixai.plots.primer import primer
from minixai.plots.scores import scores
from minixai.plots.series import series
from minixai.plots.slider import slider
from minixai.signatures import with_checked_arguments

__all__ = ["compare", "filters", "graph", "heat_map", "primer", "scores", "series", "show", "slider"]

for name in __all__:  # what they are given is checked before they draw
    globals()[name] = with_checked_arguments(globals()[name])
