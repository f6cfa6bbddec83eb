"""The ledger: every entry is a test; and the ledger itself is tested, its words, its files and its command."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import minixai as mx
from minixai import files, references
from minixai.cli import main
from minixai.files import shipped
from minixai.lesson import shipped_home
from minixai.references import entry, frozen, ledger, select, sources
from minixai.references.entry import Entry, Tolerance, abbreviate, exact
from minixai.references.report import as_json, as_markdown, as_text, sources_table, verdict

IDS = [e.id for e in ledger()]
LIBRARIES = ("torch", "captum", "shap", "zennit", "deeplift", "tf-explain")
WITHOUT_NETWORK = ("kinks", "rounding-sums", "ties")
"""Results that belong to no network, of several libraries."""


@cache
def outcome(id):
    return next(e for e in ledger() if e.id == id).check()


@pytest.mark.parametrize("id", IDS)
def test_entry(id):
    o = outcome(id)
    allowed = o.entry.tolerance
    assert o.holds, f"{o.entry.claim}: off by {o.deviation}, allowed {allowed.size} ({allowed.reason}). {o.problem}"


# -- what an entry must have ----------------------------------------------------------------------------


def test_there_are_enough_and_no_two_alike():
    assert len(IDS) >= 150
    assert len(set(IDS)) == len(IDS)


def test_every_entry_tells_its_source_and_the_reason_of_its_tolerance():
    for e in ledger():
        assert e.claim.strip() == e.claim != "", e.id
        assert "\n" not in e.claim, e.id
        assert len(e.claim) <= 120, e.id
        assert e.where, e.id
        assert 0 <= e.tolerance.size < np.inf, e.id
        assert len(e.tolerance.reason) > 10, e.id
        assert np.isfinite(np.asarray(e.expected, float)).all(), e.id
        assert re.fullmatch(r"[^\s\[\]:]+", e.id), e.id


def test_tolerances_are_small_beside_what_is_compared():
    """Whoever returned nothing but zeros, or twice the value, would not pass; where 0 is expected, rounding is all."""
    for e in ledger():
        size = abs(np.asarray(e.expected, float)).max()
        assert e.tolerance.size < (size / 2 or 1e-3), e.id


def test_the_module_tells_of_every_file():
    told = set(re.findall(r"\b(\w+)\.py\b", references.__doc__))
    assert told == {path.stem for path in Path(references.__file__).parent.glob("*.py")} - {"__init__"}


def test_every_source_is_quoted_and_has_a_short_name():
    listed = [each for each in vars(sources).values() if isinstance(each, sources.Source)]
    assert {e.source for e in ledger()} == set(listed)
    assert len({s.key for s in listed}) == len(listed)
    assert all(re.fullmatch(r"[a-z-]+", s.key) for s in listed)


def test_every_method_of_the_catalogue_is_held_against_a_library():
    named = " ".join(e.id for e in ledger() if e.source.key in LIBRARIES)
    assert [name for name in mx.catalogue if f".{name}." not in f"{named} ".replace(" ", " .")] == []


def test_both_deviation_and_shape_decide():
    make = lambda expected, ours, size=0.1: Entry(  # noqa: E731
        "a.b", "1 = 1", sources.HAND, "here", expected, Tolerance(size, "some reason"), ours
    )
    assert make(1.0, lambda: 1.1 - 1e-9).check().holds
    assert not make(1.0, lambda: 1.11).check().holds
    assert not make([1.0, 2.0], lambda: [1.0, 2.2]).check().holds
    assert not make([1.0], lambda: 1.0).check().holds
    assert not make(0.0, lambda: np.nan).check().holds
    broken = make(0.0, lambda: 1 / 0).check()
    assert (broken.holds, broken.got, broken.problem) == (False, None, "ZeroDivisionError: division by zero")


# -- frozen files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", LIBRARIES)
def test_results_belong_to_their_networks(library):
    said = frozen.load_results(library)
    assert said.networks
    for name, checksum in said.networks.items():
        assert frozen.load_network(name).checksum == checksum
    assert set(said.how) == set(said.arrays)
    assert all(np.isfinite(a).all() for a in said.arrays.values())
    title = next(s.title for s in vars(sources).values() if isinstance(s, sources.Source) and s.key == library)
    assert said.versions[library].split("+")[0] in title


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_results_without_a_network_tell_their_versions_too(name):
    said = frozen.load_results(name)
    assert said.networks == {}
    assert set(said.how) == set(said.arrays)
    assert all(np.isfinite(a).all() for a in said.arrays.values())
    assert {key.split("/")[1].split(".")[0] for key in said.arrays} <= set(said.versions)


def test_other_networks_are_noticed(monkeypatch):
    arrays = dict(frozen.load_archive("networks"))
    arrays["conv/scores/bias"] = arrays["conv/scores/bias"] + 1e-15
    monkeypatch.setattr(frozen, "load_archive", lambda name: arrays if name == "networks" else ORIGINAL(name))
    frozen.load_network.cache_clear()
    frozen.load_results.cache_clear()
    try:
        with pytest.raises(ValueError, match="the results of captum belong to another network 'conv' than networks"):
            frozen.load_results("captum")
    finally:
        frozen.load_network.cache_clear()
        frozen.load_results.cache_clear()


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A copy of data/ whose references may be damaged."""
    folder = tmp_path / "references"
    folder.mkdir()
    for path in shipped("references/networks.npz").parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(files, "shipped", lambda name: tmp_path / name if "references" in name else shipped(name))
    caches = (frozen.load_archive, frozen.load_network, frozen.load_results, ledger)
    for each in caches:
        each.cache_clear()
    yield folder
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize("name", ["networks", "captum"])
@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"hello", lambda b: b"", lambda b: b[:200] + bytes(60) + b[260:]]
)
def test_damaged_files_are_told_in_one_line(damaged, name, damage, capsys):
    path = damaged / f"{name}.npz"
    path.write_bytes(damage(path.read_bytes()))
    assert main(["verify"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "pickle" not in printed.err
    assert f"{name}.npz' is damaged (" in printed.err
    assert "restore data/" in printed.err


@pytest.mark.parametrize("other", ["networks", "torch"])
def test_a_file_in_the_place_of_another_is_told_in_one_line(damaged, other, capsys):
    (damaged / "captum.npz").write_bytes((damaged / f"{other}.npz").read_bytes())
    assert main(["verify"]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "references/captum.npz does not hold what captum said" in printed.err


ORIGINAL = frozen.load_archive


def test_every_frozen_value_is_used():
    """But for what others are asked with."""
    used = {e.where for e in ledger()}
    for library in (*LIBRARIES, *WITHOUT_NETWORK):
        for key, how in frozen.load_results(library).how.items():
            helper = key.split("/")[1] in (
                "groups",
                "size",
                "points",
                "image",
                "kernel",
                "port.pseudocount",
                "detached.refused",
            )
            assert helper or key.endswith(".seed") or how in used, (library, key)


def test_frozen_files_are_small_and_hold_plain_arrays():
    folder = shipped("references/networks.npz").parent
    files = sorted(folder.iterdir())
    assert [f.name for f in files] == sorted(f"{name}.npz" for name in (*LIBRARIES, *WITHOUT_NETWORK, "networks"))
    assert sum(f.stat().st_size for f in files) < 2_000_000


# -- the command ----------------------------------------------------------------------------------------


def test_verify_prints_a_line_for_each_claim(capsys):
    assert main(["verify", "--source", "shapley"]) == 0
    printed = capsys.readouterr()
    title, titles, gloves, majority, orders, empty, end = printed.out.splitlines()
    assert title.startswith("Shapley 1953")
    assert titles.split() == ["entry", "claim", "expected", "got", "off", "by", "allowed"]
    assert gloves.startswith("ok  gloves.shapley ")
    assert majority.startswith("ok  majority.shapley ")
    assert orders.startswith("ok  saturation.shapley_values.orders@1,.25 ")
    assert (empty, end, printed.err) == ("", "all 3 hold", "")


def test_verify_only(capsys):
    assert main(["verify", "--only", "gloves"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "it holds"
    assert [e.id for e in select("saturation.*@1,1") if "saturation.gradient" in e.id] == ["saturation.gradient@1,1"]
    assert {e.source.key for e in select("deep_lift", "captum")} == {"captum"}
    assert len(select()) == len(ledger())


@pytest.mark.parametrize(("words", "complaint"), [
    (["--only", "satration"], "no entry has 'satration' in its id, did you mean 'saturation'?: minixai verify lists"),
    (["--only", "zzzz"], "no entry has 'zzzz' in its id: minixai verify lists them all"),
    (["--only", "gloves", "--source", "captum"], "no entry of source 'captum' has 'gloves' in its id"),
    (["--source", "captun"], "unknown source 'captun', did you mean 'captum'?: one of 'article', 'shrikumar'"),
    (["--json", "--markdown"], "not allowed with argument --json"),
])  # fmt: skip
def test_what_is_not_there_is_told_in_one_line(words, complaint, capsys):
    assert main(["verify", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert complaint in printed.err
    assert printed.err.count("\n") == 1


def test_what_does_not_hold_is_told_and_the_exit_code_is_1(monkeypatch, capsys):
    wrong = Entry("one.sum", "½ + ½ = 1", sources.HAND, "here", 1.0, exact(), lambda: 1.5)
    broken = Entry("one.quotient", "1/0 = 1", sources.HAND, "here", 1.0, exact(), lambda: 1 / 0)
    right = next(iter(select("gloves")))
    monkeypatch.setattr(references, "ledger", lambda: (right, wrong, broken))
    assert main(["verify"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[6].split() == ["no", "one.sum", "½", "+", "½", "=", "1", "1", "1.5", ".5", "0"]
    assert lines[7] == f"    allowed are {exact().reason}"
    assert lines[9] == "    ZeroDivisionError: division by zero"
    assert lines[-1] == "2 of 3 do not hold: one.sum, one.quotient"
    assert main(["verify", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["claims"], told["hold"]) == (3, 1)
    assert [e["deviation"] for e in told["entries"]][1:] == [0.5, None]
    assert main(["verify", "--markdown"]) == 1
    assert "| **0** |" in capsys.readouterr().out


def test_json_holds_everything():
    outcomes = [outcome("conv.gradient.captum"), outcome("gloves.shapley")]
    told = json.loads(as_json(outcomes))
    assert told["verdict"] == verdict(outcomes) == "all 2 hold"
    first = told["entries"][0]
    assert np.shape(first["expected"]) == np.shape(first["got"]) == (3, 10, 10, 2)
    assert first["holds"] is True
    assert first["deviation"] <= first["tolerance"]
    assert first["where"] == "Saliency(net).attribute(x, 1, abs=False)"


def test_json_is_json_whatever_came_out():
    nothing = Entry("a.b", "0/0 = 1", sources.HAND, "here", [1.0, 1.0], exact(), lambda: [np.nan, np.inf]).check()
    told = json.loads(as_json([*map(outcome, IDS), nothing]), parse_constant=pytest.fail)
    assert (told["claims"], told["hold"]) == (len(IDS) + 1, len(IDS))
    assert told["entries"][-1]["got"] == [None, None]
    assert told["entries"][-1]["deviation"] is None


def test_claims_are_cut_to_the_width_of_the_terminal():
    outcomes = [outcome(id) for id in IDS if id.startswith("saturation")]
    assert (
        max(map(len, as_text(outcomes, 120).splitlines()[1:-2])) <= 120 < max(map(len, as_text(outcomes).splitlines()))
    )


def test_markdown_escapes_bars():
    with_bars = Entry("a.b", "|x|", sources.HAND, "here", 1.0, exact(), lambda: 1.0).check()
    assert "| \\|x\\| |" in as_markdown([with_bars])


def test_the_book_has_the_summary():
    page = (shipped_home() / "pages" / "trust" / "index.md").read_text(encoding="utf-8")
    table = sources_table([outcome(id) for id in IDS])
    assert table in page, f"put this into lessons/pages/trust/index.md:\n{table}"


@pytest.mark.parametrize(("value", "words"), [
    ([[0.5, 0.25]], "(.5, .25)"),
    (1e-16, "0"),
    (np.full((3, 4), -0.25), "12 up to .25"),
    (None, "nothing"),
    (-752640.0, "-752,640"),
])  # fmt: skip
def test_values_in_few_characters(value, words):
    assert abbreviate(value) == words


def test_terms_are_the_fan_in_of_every_layer():
    assert entry.count_terms(frozen.load_network("dense").model) == 6 + 8 + 7
    assert entry.count_terms(frozen.load_network("conv").model) == 9 * 2 + 9 * 2 + 24 + 8
