"""What a person looks at: diagrams, heat maps, feature maps, paths, scores, and interactive figures.

Every function returns a matplotlib Figure and leaves matplotlib's global state alone:
`figure.savefig("maps.png")` writes it, a notebook displays it.
"""

from minixai.plots.comparison import compare
from minixai.plots.diagram import graph
from minixai.plots.feature_maps import feature_maps, filters
from minixai.plots.heat import heat_map
from minixai.plots.maps import show
from minixai.plots.primer import primer
from minixai.plots.scores import scores
from minixai.plots.series import series
from minixai.plots.slider import slider
from minixai.signatures import with_checked_arguments

__all__ = ["compare", "feature_maps", "filters", "graph", "heat_map", "primer", "scores", "series", "show", "slider"]

for name in __all__:  # what they are given is checked before they draw
    globals()[name] = with_checked_arguments(globals()[name])
