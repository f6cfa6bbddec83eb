"""One-line mistakes in the engine, and the test that notices each of them.

    graph.py: what is wrong
      - this text, which occurs exactly once in minixai/graph.py,
      + becomes this,
      ? and this test fails

A test that no mistake can make fail tests nothing, so whoever adds to the engine adds a mistake here.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """Put `new` in the place of `old` in minixai/`file`, and `test` fails."""

    mistake: str
    file: str
    old: str
    new: str
    test: str


MISTAKES = r'''
graph.py: overwrite instead of add up
  - multiplier[x] + passed if x in multiplier else passed
  + passed
  ? tests/test_graph.py::test_what_is_used_twice_adds_up

graph.py: oldest first
  - in reversed(path):
  + in [output, *path[:-1]]:
  ? tests/test_graph.py::test_a_diamond_adds_up_every_path

graph.py: walk forwards
  - in reversed(path):
  + in path:
  ? tests/test_graph.py::test_a_diamond_adds_up_every_path

graph.py: order of discovery
  - return sorted(found, key=lambda node: node.depth)
  + return list(found)[::-1]
  ? tests/test_graph.py::test_a_node_is_passed_on_only_when_all_above_it_is_done

graph.py: order of memory addresses
  - return sorted(found, key
  + return sorted(set(found), key
  ? tests/test_graph.py::test_the_order_is_the_same_wherever_nodes_lie_in_memory

graph.py: depth of the shallowest input
  - 1 + max((x.depth
  + 1 + min((x.depth
  ? tests/test_graph.py::test_nodes_are_ordered_by_depth_not_by_when_they_were_made

graph.py: keep visits everything
  - history(output) if keep is None else leading_to(keep, history(output))
  + history(output)
  ? tests/test_graph.py::test_keep_computes_nothing_that_leads_elsewhere

graph.py: keep lets go of nothing
  - multiplier[node] if node in kept else multiplier.pop(node)
  + multiplier[node]
  ? tests/test_graph.py::test_keep_lets_go_of_what_was_passed_on

graph.py: keep returns everything
  - for x in (path if keep is None else keep)}
  + for x in path}
  ? tests/test_graph.py::test_keep_returns_what_the_full_walk_returns

graph.py: ones for a node out of reach
  - np.zeros_like(x.value)
  + np.ones_like(x.value)
  ? tests/test_graph.py::test_a_kept_node_the_output_does_not_depend_on_gets_zeros

graph.py: seed ignored
  - multiplier = {output: as_seed(seed, output)}
  + multiplier = {output: as_seed(1.0, output)}
  ? tests/test_graph.py::test_the_seed_is_the_multiplier_of_the_output

graph.py: seed in float64
  - np.asarray(seed, output.dtype)
  + np.asarray(seed, np.float64)
  ? tests/test_graph.py::test_the_seed_takes_the_dtype_of_the_graph_and_is_not_touched

graph.py: any seed fits
  - if m.ndim != output.ndim or
  + if False and
  ? tests/test_graph.py::test_a_seed_that_does_not_fit_is_an_error

graph.py: a seed of any number of rows
  - (m.ndim and len(m) != len(output) != 1)
  + False
  ? tests/test_graph.py::test_a_seed_that_does_not_fit_is_an_error

graph.py: stale reference
  - self.forward(*references(known)) if
  + self.forward(*values(known)) if
  ? tests/test_graph.py::test_a_stale_reference_is_never_used

graph.py: a reference only where every input moved
  - moved = any(
  + moved = all(
  ? tests/test_graph.py::test_a_node_whose_reference_stood_still_is_computed_twice_only_below_one_that_moved

graph.py: difference the wrong way
  - self.value - self.reference
  + self.reference - self.value
  ? tests/test_graph.py::test_a_stale_reference_is_never_used

graph.py: constants in float64
  - read_only(np.asarray(x, dtype))
  + read_only(np.asarray(x))
  ? tests/test_graph.py::test_a_graph_has_one_dtype

graph.py: two dtypes in a graph
  - if any(x.dtype != nodes[0].dtype for x in nodes):
  + if False:
  ? tests/test_graph.py::test_a_graph_has_one_dtype

graph.py: rows may be mixed
  - if value.shape[:1] not in [x.shape[:1] for x in nodes]:
  + if False:
  ? tests/test_graph.py::test_rows_cannot_be_mixed

arrays.py: values can be written
  - view.flags.writeable = False
  + view.flags.writeable = x.flags.writeable
  ? tests/test_graph.py::test_values_are_read_only_and_the_callers_array_is_left_alone

arrays.py: the caller's array is frozen
  - view = x.view()
  + view = x
  ? tests/test_graph.py::test_values_are_read_only_and_the_callers_array_is_left_alone

arrays.py: one pixel as reference for all
  - array.ndim < value.ndim
  + array.ndim <= value.ndim
  ? tests/test_graph.py::test_a_reference_that_does_not_fit_is_an_error

graph.py: the least specific kind decides
  - for kind in type(node.op).__mro__:
  + for kind in reversed(type(node.op).__mro__):
  ? tests/test_graph.py::test_the_most_specific_kind_decides

graph.py: no rule, no error
  -             return rules[kind]
  +             return rules[kind]
  +     return lambda node, i, m: m
  ? tests/test_graph.py::test_an_op_without_a_rule_is_an_error_that_names_it

graph.py: replay computes everything
  - elif node.op and any(x in made for x in node.sources):
  + elif node.op:
  ? tests/test_graph.py::test_replay_computes_again_only_what_depends

graph.py: replay forgets names
  - node.op(*inputs).named(node.name)
  + node.op(*inputs)
  ? tests/test_graph.py::test_replay_computes_again_only_what_depends

graph.py: replay copies the node it is given
  - new if isinstance(new, Node) else
  + Node(new.value) if isinstance(new, Node) else
  ? tests/test_graph.py::test_replay_takes_a_node_for_a_node

operators.py: array − node the wrong way
  - OPERATORS["subtract"](other, self)
  + OPERATORS["subtract"](self, other)
  ? tests/test_graph.py::test_operators

operators.py: out= ignored
  - method != "__call__" or options or
  + method != "__call__" or
  ? tests/test_graph.py::test_what_would_leave_the_graph_is_refused_with_the_remedy

rules.py: Rescale is the gradient
  - Elementwise: secant, Selection: mover}
  + Elementwise: gradient, Selection: mover}
  ? tests/test_rules.py::test_a_chord_across_the_kink

rules.py: max-pool's gradient under Rescale
  - Selection: mover}
  + Selection: gradient}
  ? tests/test_rules.py::test_who_moved_the_maximum

rules.py: the other factor's value
  - halfway(x) if isinstance(x, Node) and j != i else x
  + x
  ? tests/test_rules.py::test_products_of_inputs

rules.py: the other factor's reference
  - np.asarray(x.reference + x.delta / 2)
  + np.asarray(x.reference)
  ? tests/test_rules.py::test_products_of_inputs

rules.py: its own factor averaged too
  - isinstance(x, Node) and j != i else x
  + isinstance(x, Node) else x
  ? tests/test_rules.py::test_the_midpoint_rule_averages_only_the_other_factor

rules.py: no chord is flat
  - flat = abs(dx) <= np.cbrt(np.finfo(dx.dtype).eps) * size
  + flat = dx == 0
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

rules.py: few chords are flat
  - np.cbrt(np.finfo(dx.dtype).eps)
  + np.sqrt(np.finfo(dx.dtype).eps)
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

rules.py: too many chords are flat
  - np.cbrt(np.finfo(dx.dtype).eps)
  + np.sqrt(np.cbrt(np.finfo(dx.dtype).eps))
  ? tests/test_rules.py::test_rescale_is_complete_on_both_sides_of_the_threshold

rules.py: flat beside 1, not beside x
  - np.cbrt(np.finfo(dx.dtype).eps) * size
  + np.cbrt(np.finfo(dx.dtype).eps)
  ? tests/test_rules.py::test_a_chord_across_zero_is_never_flat

rules.py: flat beside the largest entry
  - np.finfo(dx.dtype).eps) * size
  + np.finfo(dx.dtype).eps) * size.max()
  ? tests/test_rules.py::test_flat_and_steep_entries_side_by_side

rules.py: 0 is not flat
  - flat = abs(dx) <=
  + flat = abs(dx) <
  ? tests/axioms/test_engine.py::test_rescale_from_the_input_itself_is_the_gradient_bit_for_bit

rules.py: the tangent at the value
  - op.slope(halfway(x)[flat])
  + op.slope(x.value[flat])
  ? tests/test_rules.py::test_rescale_is_complete_on_both_sides_of_the_threshold

rules.py: a slope where there is none
  - slope[flat] = op.slope(halfway(x)[flat])
  + slope[flat] = op.slope(x.value)[flat]
  ? tests/test_rules.py::test_no_slope_is_asked_for_where_there_is_none

rules.py: credit for who fell
  - (dy < 0)
  + (dy > 0)
  ? tests/test_rules.py::test_who_moved_the_maximum

rules.py: the first of equal new winners
  - risen=op.winner(x.value, x.reference)
  + risen=op.winner(x.value)
  ? tests/test_rules.py::test_who_moved_the_maximum

rules.py: the first of equal old winners
  - fallen=op.winner(x.reference, x.value)
  + fallen=op.winner(x.reference)
  ? tests/test_rules.py::test_who_moved_the_maximum

rules.py: nothing through a maximum that stood still
  - out=np.ones_like(dx)
  + out=np.zeros_like(dx)
  ? tests/axioms/test_engine.py::test_rescale_from_the_input_itself_is_the_gradient_bit_for_bit

rules.py: guided without the forward mask
  - return gradient(node, i, np.maximum(m, 0))
  + return np.maximum(m, 0)
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

rules.py: guided without the backward mask
  - return gradient(node, i, np.maximum(m, 0))
  + return gradient(node, i, m)
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

rules.py: deconvnet with the forward mask
  - return np.maximum(m, 0)
  + return gradient(node, i, np.maximum(m, 0))
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

rules.py: deconvnet masks every function
  - {**GRADIENT, Relu: deconvnet}
  + {**GRADIENT, Elementwise: deconvnet}
  ? tests/test_rules.py::test_only_a_relu_is_masked

ops/kinds.py: a broadcast is not added up
  - return m.sum(axis=stretched, keepdims=True) if stretched else m
  + return m
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/kinds.py: rows are added up
  - first = 0 if missing else 1
  + first = 0
  ? tests/test_graph.py::test_many_seeds_walk_one_row

ops/arithmetic.py: its own factor
  - m * xs[1 - i]
  + m * xs[i]
  ? tests/test_graph.py::test_a_diamond_adds_up_every_path

ops/arithmetic.py: dense: w instead of its transpose
  - m @ w.swapaxes(-1, -2)
  + m @ w
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/arithmetic.py: matmul of nodes: x instead of its transpose
  - x.swapaxes(-1, -2) @ m
  + x @ m
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/arithmetic.py: minus forgotten
  - return add(u, negative(v)) if
  + return add(u, v) if
  ? tests/test_graph.py::test_operators

ops/functions.py: a ReLU is open at 0
  - (x > 0).astype(x.dtype)
  + (x >= 0).astype(x.dtype)
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

ops/functions.py: float64 from float32
  - return (x > 0).astype(x.dtype)
  + return np.where(x > 0, 1.0, 0.0)
  ? tests/axioms/test_engine.py::test_every_number_has_the_dtype_of_the_input

ops/functions.py: a leaky ReLU that does not leak
  - np.ones_like(x), self.alpha)
  + np.ones_like(x), 0)
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/functions.py: tanh' without the square
  - 1 - np.tanh(x) ** 2
  + 1 - np.tanh(x)
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/functions.py: sigmoid without a scale
  - """1 / (1 + e⁻ˣ)"""
  -
  -     scale: ClassVar[float] = 1.0
  + """1 / (1 + e⁻ˣ)"""
  +
  +     scale: ClassVar[float] = 0.0
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

ops/functions.py: exp without a scale
  - """eˣ"""
  -
  -     scale: ClassVar[float] = 1.0
  + """eˣ"""
  +
  +     scale: ClassVar[float] = 0.0
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

ops/functions.py: elu' without α
  - np.ones_like(x), self.alpha * np.exp(
  + np.ones_like(x), np.exp(
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

ops/functions.py: gelu' with a wrong sign
  - special.ndtr(x) + x
  + special.ndtr(x) - x
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/functions.py: |x| slopes at 0
  - return np.sign(x)
  + return np.where(x >= 0, np.ones_like(x), -1)
  ? tests/ops/test_functions.py::test_the_slope_at_0_is_0

ops/reductions.py: a mean that is a sum on the way back
  - super().vjp(i, m / prod(x.shape[a] for a in self.axes), x)
  + super().vjp(i, m, x)
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/reductions.py: rows of x instead of m
  - np.broadcast_to(full, (len(m), *x.shape[1:]))
  + np.broadcast_to(full, x.shape)
  ? tests/test_graph.py::test_many_seeds_walk_one_row

ops/reductions.py: of equal maxima the first, always
  - np.where(tied, self.entries(other), -np.inf)
  + np.where(tied, entries, -np.inf)
  ? tests/test_rules.py::test_who_moved_the_maximum

ops/reductions.py: softmax without the maximum
  - e = exp(subtract(z, max(z, axis, keepdims=True)))
  + e = exp(z)
  ? tests/axioms/test_engine.py::test_probabilities_are_complete_at_extreme_scores

ops/pooling.py: overlapping windows overwrite
  - place += m * (winner == t)
  + place[...] = np.where(winner == t, m, place)
  ? tests/test_rules.py::test_overlapping_windows_add_up

ops/pooling.py: the last of equal maxima
  - better = entry > best
  + better = entry >= best
  ? tests/test_rules.py::test_the_gradient_of_a_maximum_goes_to_the_first_of_equals

ops/pooling.py: of equal maxima the one that was smallest
  - (rival > second)
  + (rival < second)
  ? tests/test_rules.py::test_who_moved_the_maximum

ops/pooling.py: a border of 0 wins
  - reduce(np.maximum, self.taps(padded(x, self.around, -np.inf)))
  + reduce(np.maximum, self.taps(padded(x, self.around)))
  ? tests/test_rules.py::test_the_border_never_wins

ops/pooling.py: averages overwrite where windows overlap
  - place += share
  + place[...] = share
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_on_cnns

ops/pooling.py: averages count the border
  - x.dtype), self.around))))
  + x.dtype), self.around, 1.0))))
  ? tests/ops/test_pooling.py::test_forward

ops/pooling.py: corners aligned
  - (np.arange(to) + 0.5) * n / to - 0.5
  + np.arange(to) * (n - 1) / np.maximum(to - 1, 1)
  ? tests/ops/test_pooling.py::test_upsample

ops/shapes.py: concatenate hands back the next part
  - for x in xs[:i])
  + for x in xs[: i + 1])
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/shapes.py: transposed the same way back
  - m.transpose(np.argsort(self.axes))
  + m.transpose(self.axes)
  ? tests/ops/test_shapes.py::test_transpose

ops/shapes.py: what was not taken gets something
  - y = np.zeros((len(m), *x.shape[1:]), m.dtype)
  + y = np.ones((len(m), *x.shape[1:]), m.dtype)
  ? tests/axioms/test_engine.py::test_an_input_that_is_not_used_gets_exactly_nothing

ops/shapes.py: padding taken off on one side
  - slice(a, a + n)
  + slice(0, n)
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/convolution.py: windows overwrite where they overlap
  - place += back[..., t, :]
  + place[...] = back[..., t, :]
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_on_cnns

ops/convolution.py: groups and channels swapped
  - tap.reshape(*tap.shape[:3], g, c).transpose(3, 0, 1, 2, 4)
  + tap.reshape(*tap.shape[:3], c, g).transpose(4, 0, 1, 2, 3)
  ? tests/ops/test_convolution.py::test_forward

ops/windows.py: the border cropped on the wrong side
  - top : x.shape[1] - bottom, left
  + bottom : x.shape[1] - top, left
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_on_cnns

ops/windows.py: strides swapped
  - top : top + (out[0] - 1) * stride[0] + 1 : stride[0]
  + top : top + (out[0] - 1) * stride[1] + 1 : stride[1]
  ? tests/ops/test_convolution.py::test_forward

ops/windows.py: dilations swapped
  - i * dilation[0], j * dilation[1]
  + i * dilation[1], j * dilation[0]
  ? tests/ops/test_convolution.py::test_forward

ops/windows.py: the odd pixel before
  - return (totals[0] // 2, totals[0] - totals[0] // 2)
  + return (totals[0] - totals[0] // 2, totals[0] // 2)
  ? tests/ops/test_convolution.py::test_same_padding
'''


def parse(block: str) -> Mutant:
    """The mutant that a block of lines describes.

    >>> parse("rules.py: no mask\\n  - np.maximum(m, 0)\\n  + m\\n  ? tests/test_rules.py").old
    'np.maximum(m, 0)'
    """
    title, *lines = block.splitlines()
    file, mistake = title.split(": ", 1)
    old, new, test = ("\n".join(line[4:] for line in lines if line[2] == mark) for mark in "-+?")
    return Mutant(mistake, file, old, new, test)


MUTANTS = [parse(block) for block in MISTAKES.strip().split("\n\n")]
