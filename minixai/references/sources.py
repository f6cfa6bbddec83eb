"""The documents, papers and libraries that the ledger quotes."""

from typing import NamedTuple


class Source(NamedTuple):
    """The key of a source on the command line, and its title."""

    key: str
    title: str


ARTICLE = Source("article", "B. Roussel and M. Sok, Techniques d'intelligibilité en Deep Learning")
SHRIKUMAR = Source(
    "shrikumar", "Shrikumar et al. 2017, Learning important features through propagating activation differences"
)
SUNDARARAJAN = Source("sundararajan", "Sundararajan et al. 2017, Axiomatic attribution for deep networks")
LUNDBERG = Source("lundberg", "Lundberg and Lee 2017, A unified approach to interpreting model predictions")
SHAPLEY = Source("shapley", "Shapley 1953, A value for n-person games, and the games that textbooks solve with it")
ANCONA = Source("ancona", "Ancona et al. 2018, Towards better understanding of gradient-based attribution methods")
SELVARAJU = Source(
    "selvaraju", "Selvaraju et al. 2017, Grad-CAM; Zhou et al. 2016, CAM; Draelos and Carin 2020, HiResCAM"
)
SMILKOV = Source("smilkov", "Smilkov et al. 2017, SmoothGrad: removing noise by adding noise")
ZEILER = Source("zeiler", "Zeiler and Fergus 2014, Visualizing and understanding convolutional networks")
BACH = Source("bach", "Bach et al. 2015, On pixel-wise explanations by layer-wise relevance propagation")
QUADRATURE = Source("quadrature", "Davis and Rabinowitz 1984, Methods of numerical integration: error terms")
HAND = Source("by-hand", "Worked by hand from the formula of each method")
TORCH = Source("torch", "PyTorch 2.13.0, autograd in float64")
CAPTUM = Source("captum", "captum 0.9.0")
SHAP = Source("shap", "shap 0.51.0")
DEEPLIFT = Source("deeplift", "deeplift 0.6.13.0, the authors' library, on TensorFlow 2.15.1")
ZENNIT = Source("zennit", "zennit 0.5.1")
TF_EXPLAIN = Source("tf-explain", "tf-explain 0.3.1, on TensorFlow 2.15.1, and its formulas worked by hand")
FAULTS = Source("faults", "Known faults of the libraries: (theirs − truth, ours − truth)")
