"""One-line mistakes in the engine, and the test that notices each of them.

    graph.py: what is wrong
      - this text, which occurs exactly once in minixai/graph.py,
      + becomes this,
      ? and this test fails

A test that no mistake can make fail tests nothing, so whoever adds to the engine, a rule or a method adds a mistake
here.  Rooms above them have few: .ci/nightly mutates every line of a file and prints what no test notices.
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
  - multiplier[node] if node in to_keep else multiplier.pop(node)
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
  - self.forward(*references(operands)) if
  + self.forward(*values(operands)) if
  ? tests/test_graph.py::test_a_stale_reference_is_never_used

graph.py: a reference only where every input moved
  - moved = any(
  + has_moved = all(
  ? tests/test_graph.py::test_a_node_whose_reference_stood_still_is_computed_twice_only_below_one_that_moved

graph.py: difference the wrong way
  - self.value - self.reference
  + self.reference - self.value
  ? tests/test_graph.py::test_a_stale_reference_is_never_used

graph.py: constants in float64
  - readonly_view(as_float(x).astype(dtype, copy=False))
  + readonly_view(as_float(x))
  ? tests/test_graph.py::test_a_graph_has_one_dtype

graph.py: two dtypes in a graph
  - if any(x.dtype != nodes[0].dtype for x in nodes):
  + if False:
  ? tests/test_graph.py::test_a_graph_has_one_dtype

graph.py: rows may be mixed
  - if kind is Node and value.shape[:1] not in [x.shape[:1] for x in nodes]:
  + if False:
  ? tests/test_graph.py::test_rows_cannot_be_mixed

arrays.py: values can be written
  - view.flags.writeable = False
  + view.flags.writeable = x.flags.writeable
  ? tests/test_graph.py::test_values_are_read_only_and_the_callers_array_is_left_alone

arrays.py: the caller's array is frozen
  - not x.flags.c_contiguous) else x.view()
  + not x.flags.c_contiguous) else x
  ? tests/test_graph.py::test_values_are_read_only_and_the_callers_array_is_left_alone

arrays.py: a node follows its caller's array
  - x.copy() if own and (x.flags.writeable or
  + x.copy() if own and (False and x.flags.writeable or
  ? tests/test_graph.py::test_a_node_keeps_its_own_numbers

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
  - "subtract", other, self)
  + "subtract", self, other)
  ? tests/test_graph.py::test_operators

operators.py: out= ignored
  - method != "__call__" or options or
  + method != "__call__" or
  ? tests/test_graph.py::test_what_would_leave_the_graph_is_refused_with_the_remedy

rules/slopes.py: Rescale is the gradient
  - Elementwise: rescale, Selection: pool}
  + Elementwise: gradient, Selection: pool}
  ? tests/test_rules.py::test_a_chord_across_the_kink

rules/slopes.py: max-pool's gradient under Rescale
  - RESCALE = rescale_table(max_difference)
  + RESCALE = rescale_table(gradient)
  ? tests/test_rules.py::test_who_moved_the_maximum

rules/slopes.py: the other factor's value
  - halfway(x) if isinstance(x, Node) and j != i else x
  + x
  ? tests/test_rules.py::test_products_of_inputs

rules/slopes.py: the other factor's reference
  - np.asarray(x.reference + x.delta / 2)
  + np.asarray(x.reference)
  ? tests/test_rules.py::test_products_of_inputs

rules/slopes.py: its own factor averaged too
  - isinstance(x, Node) and j != i else x
  + isinstance(x, Node) else x
  ? tests/test_rules.py::test_the_midpoint_rule_averages_only_the_other_factor

rules/slopes.py: no chord is flat
  - flat = abs(dx) <= np.cbrt(np.finfo(dx.dtype).eps) * size
  + flat = dx == 0
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

rules/slopes.py: few chords are flat
  - np.cbrt(np.finfo(dx.dtype).eps)
  + np.sqrt(np.finfo(dx.dtype).eps)
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

rules/slopes.py: too many chords are flat
  - np.cbrt(np.finfo(dx.dtype).eps)
  + np.sqrt(np.cbrt(np.finfo(dx.dtype).eps))
  ? tests/test_rules.py::test_rescale_is_complete_on_both_sides_of_the_threshold

rules/slopes.py: flat beside 1, not beside x
  - np.cbrt(np.finfo(dx.dtype).eps) * size
  + np.cbrt(np.finfo(dx.dtype).eps)
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

rules/slopes.py: flat beside the largest entry
  - np.finfo(dx.dtype).eps) * size
  + np.finfo(dx.dtype).eps) * size.max()
  ? tests/test_rules.py::test_no_slope_is_asked_for_where_there_is_none

rules/slopes.py: 0 is not flat
  - flat = abs(dx) <=
  + flat = abs(dx) <
  ? tests/axioms/test_engine.py::test_rescale_from_the_input_itself_is_the_gradient_bit_for_bit

rules/slopes.py: the tangent at the value
  - tangent = x0 + dx / 2
  + tangent = x0 + dx
  ? tests/test_rules.py::test_rescale_is_complete_on_both_sides_of_the_threshold

rules/slopes.py: a slope where there is none
  - slope[unmoved] = op.slope(tangent[unmoved])
  + slope[unmoved] = op.slope(tangent)[unmoved]
  ? tests/test_rules.py::test_no_slope_is_asked_for_where_there_is_none

rules/slopes.py: credit for who fell
  - (dy < 0)
  + (dy > 0)
  ? tests/test_rules.py::test_who_moved_the_maximum

rules/slopes.py: the first of equal new winners
  - argmax(node, "value", "reference"), argmax
  + argmax(node), argmax
  ? tests/test_rules.py::test_who_moved_the_maximum

rules/slopes.py: the first of equal old winners
  - , argmax(node, "reference", "value"))
  + , argmax(node, "reference"))
  ? tests/test_rules.py::test_who_moved_the_maximum

rules/slopes.py: nothing through a maximum that stood still
  - slope = divide_or(dy, dx, 1)
  + slope = divide_or(dy, dx, 0)
  ? tests/axioms/test_engine.py::test_rescale_from_the_input_itself_is_the_gradient_bit_for_bit

rules/slopes.py: guided without the forward mask
  - return gradient(node, i, np.maximum(m, 0) if node.op.rectifies else m)
  + return np.maximum(m, 0) if node.op.rectifies else gradient(node, i, m)
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

rules/slopes.py: guided without the backward mask
  - return gradient(node, i, np.maximum(m, 0) if node.op.rectifies else m)
  + return gradient(node, i, m)
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

rules/slopes.py: deconvnet with the forward mask
  - return np.maximum(m, 0) if
  + return gradient(node, i, np.maximum(m, 0)) if
  ? tests/test_rules.py::test_three_ways_back_through_a_relu

rules/slopes.py: deconvnet masks every function
  - return np.maximum(m, 0) if node.op.rectifies else gradient(node, i, m)
  + return np.maximum(m, 0)
  ? tests/test_rules.py::test_only_a_relu_is_masked

ops/kinds.py: a broadcast is not added up
  - return accurate_sum(m, stretched, keepdims=True) if stretched else m
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
  - matmul_rows(m, w.swapaxes(-1, -2))
  + matmul_rows(m, w)
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_for_each_step

ops/arithmetic.py: matmul of nodes: x instead of its transpose
  - stacked_product(x.swapaxes(-1, -2), m)
  + stacked_product(x, m)
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

arrays.py: long sums in the dtype of x
  - x.sum(axis=axis, keepdims=keepdims, dtype=np.promote_types(x.dtype, np.float64))
  + x.sum(axis=axis, keepdims=keepdims)
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[accurate_sum-flat]

arrays.py: means in the dtype of x
  - x.mean(axis=axis, keepdims=keepdims, dtype=np.promote_types(x.dtype, np.float64))
  + x.mean(axis=axis, keepdims=keepdims)
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[accurate_mean-flat]

arrays.py: sums leave float32
  - x.dtype if x.dtype.kind in "fc" else total.dtype
  + total.dtype
  ? tests/test_sums.py::test_dtype_and_shape_are_numpys

ops/reductions.py: NumPy's own sum
  - accurate_sum(x, self.axes, self.keepdims)
  + np.asarray(x.sum(axis=self.axes, keepdims=self.keepdims))
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[ops.sum over places-random]

ops/reductions.py: NumPy's own mean
  - accurate_mean(x, self.axes, self.keepdims)
  + np.asarray(x.mean(axis=self.axes, keepdims=self.keepdims))
  ? tests/test_sums.py::test_deep_lift_adds_up_on_a_large_photo

ops/kinds.py: weights' slopes added up by NumPy
  - m = accurate_sum(m, tuple(range(missing)))
  + m = m.sum(axis=tuple(range(missing)))
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[slope of a dense layer's bias-flat]

ops/kinds.py: slopes of what was stretched added up by NumPy
  - accurate_sum(m, stretched, keepdims=True) if
  + m.sum(axis=stretched, keepdims=True) if
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[unbroadcast to a node-flat]

ops/convolution.py: a bias's slopes added up by NumPy
  - accurate_sum(m, (0, 1, 2))
  + np.asarray(m.sum(axis=(0, 1, 2)))
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[slope of a convolution's bias-random]

ops/arithmetic.py: millions of terms left to BLAS
  - if len(w) <= LONG or
  + if True or
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[a dense layer of a whole image-flat]

ops/arithmetic.py: a kernel's slopes left to BLAS
  - return long_product(x.reshape(-1, x.shape[-1]).T,
  + return matrix_product(x.reshape(-1, x.shape[-1]).T,
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[slope of a dense layer's kernel-flat]

ops/arithmetic.py: the last terms left out
  - pieces.sum(axis=0, dtype=np.float64) + left[:, whole:] @ right[whole:]
  + pieces.sum(axis=0, dtype=np.float64)
  ? tests/test_sums.py::test_a_long_product_is_a_product

ops/normalisation.py: a batch's mean by NumPy
  - mean = accurate_mean(x, over)
  + mean = x.mean(over)
  ? tests/test_sums.py::test_a_flat_batch_is_normalised_to_zero

ops/normalisation.py: a batch's variance by NumPy
  - return mean, accurate_mean(np.square(x - mean), over)
  + return mean, np.square(x - mean).mean(over)
  ? tests/test_sums.py::test_the_variance_of_a_batch_keeps_its_digits

methods/baselines.py: NumPy's mean of an image
  - accurate_mean(x, (1, 2), keepdims=True)
  + x.mean(axis=(1, 2), keepdims=True)
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[baseline 'mean'-flat]

methods/grad_cam.py: NumPy's mean of slopes
  - accurate_mean(gradients, (1, 2))
  + gradients.mean(axis=(1, 2))
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[weights of Grad-CAM-flat]

methods/compat.py: NumPy's mean of guided slopes
  - accurate_mean(gradients * ((maps > 0) & (gradients > 0)), (1, 2))
  + (gradients * ((maps > 0) & (gradients > 0))).mean(axis=(1, 2))
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[weights of tf-explain's Grad-CAM-flat]

methods/maps.py: NumPy's mean of a map
  - accurate_mean(maps, 1)
  + np.asarray(maps.mean(axis=1))
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[rank of activations by mean-flat]

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
  - place += share * here
  + place[...] = share * here
  ? tests/test_rules.py::test_overlapping_windows_add_up

ops/pooling.py: the last of equal maxima
  - for mask in largest[:-1]:
  + for mask in largest[1:]:
  ? tests/ops/test_pooling.py::test_ties_of_the_maximum

ops/pooling.py: of equal maxima one later than the first
  - missing = missing & ~mask
  + missing = ~mask
  ? tests/ops/test_pooling.py::test_ties_of_the_maximum

ops/pooling.py: windows that leave gaps keep what memory held
  - if overlap or y.shape[1:3] !=
  + if y.shape[1:3] !=
  ? tests/ops/test_pooling.py::test_ways_back

ops/pooling.py: of equal maxima the one that was smallest
  - [np.where(mask, rival, -np.inf) for mask
  + [np.where(mask, -rival, -np.inf) for mask
  ? tests/test_rules.py::test_who_moved_the_maximum

ops/pooling.py: a border of 0 wins
  - entries = self.entries(space, x, images, rows, -np.inf)
  -             best = block(y, images, rows)
  + entries = self.entries(space, x, images, rows)
  +             best = block(y, images, rows)
  ? tests/test_rules.py::test_the_border_never_wins

ops/pooling.py: averages overwrite where windows overlap
  - place += share
  -             share = spread
  + place[...] = share
  +             share = spread
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_on_cnns

ops/pooling.py: averages count the border
  - np.pad(np.ones(n), border)
  + np.ones(n + sum(border))
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

ops/direct.py: windows overwrite where they overlap
  - place += laid[..., t, :]
  + place[...] = laid[..., t, :]
  ? tests/ops/test_convolution.py::test_ways_back_are_adjoint

ops/direct.py: groups overlap
  - c * s[3],
  + s[3],
  ? tests/ops/test_convolution.py::test_forward

ops/direct.py: kernels turned along one side
  - w[::-1, ::-1]
  + w[::-1]
  ? tests/ops/test_convolution.py::test_ways_back_are_adjoint

ops/memory.py: memory is lent while a view holds it
  - np.frombuffer(memory.data,
  + np.frombuffer(memory,
  ? tests/ops/test_blocks.py::test_memory_in_any_use_is_left_alone

ops/memory.py: unused memory on top of the highest use
  - min(KEPT, self.most - in_use)
  + KEPT
  ? tests/ops/test_blocks.py::test_no_peak_becomes_higher

ops/memory.py: what is kept has no end
  - min(KEPT, self.most - in_use)
  + self.most - in_use
  ? tests/ops/test_blocks.py::test_what_is_kept_is_bounded

layers.py: weights in training have rows
  - return Weight(w.value, None, ops.identity, (w,)) if has_rows(w) else w
  + return w
  ? tests/test_every_layer.py::test_training_reaches_its_weights

graph.py: what is computed from weights has rows
  - kind = Node if any(map(has_rows, nodes)) else Weight
  + kind = Node
  ? tests/test_every_layer.py::test_a_layer_of_ones_own_takes_the_same_operators_in_training

layers.py: drawn weights are copied
  - return mark_readonly(w)
  + return w
  ? tests/zoo/test_vgg.py::test_a_network_is_built_without_copies_of_its_weights

ops/convolution.py: kernels transformed for no rows
  - if self.uses_winograd(w) and len(x):
  + if self.uses_winograd(w):
  ? tests/zoo/test_vgg.py::test_a_network_is_built_without_copies_of_its_weights

ops/threads.py: who comes second computes with BLAS's threads
  - if not self.owners:
  + if True:
  ? tests/robustness/test_threads.py::test_blas_has_one_thread_for_all_of_a_call

ops/threads.py: an interrupted call goes on owning the threads
  - limiter.owners.pop(mine, None)
  + ...
  ? tests/robustness/test_interrupts.py::test_forty_interrupts

ops/threads.py: helpers are not told what holds for the caller
  - return lambda: context.run(function)
  + return function
  ? tests/ops/test_blocks.py::test_every_thread_works_as_the_caller_was_told

ops/threads.py: a forked process waits for ever
  - after_in_child=reset_after_fork
  + after_in_child=id
  ? tests/ops/test_blocks.py::test_a_forked_process_waits_for_no_thread_of_its_parent

ops/threads.py: no helper, no work
  - except RuntimeError:  # no new threads: too many
  + except ImportError:  # no new threads: too many
  ? tests/ops/test_blocks.py::test_no_new_threads_while_the_interpreter_ends

ops/blocks.py: a large product is done by one
  - each = -(-w.shape[1] // SHARES) if
  + each = w.shape[1] if
  ? tests/ops/test_blocks.py::test_a_large_product_is_shared

ops/direct.py: kernels hear from the last block only
  - totals[i] += met[
  + totals[i] = met[
  ? tests/ops/test_blocks.py::test_blocks_add_up_to_the_whole

ops/convolution.py: float64 takes the quick way
  - and dtype == np.float32
  + and dtype != np.float16
  ? tests/ops/test_winograd.py::test_the_path_is_chosen_by_size_and_dtype

ops/winograd.py: no bias
  - pixels += b
  + pixels += 0
  ? tests/ops/test_winograd.py::test_any_size_and_border

ops/winograd.py: kernels not turned about on the way back
  - rotate_kernels(w, 1) if back else w
  + w.transpose(0, 1, 3, 2) if back else w
  ? tests/ops/test_winograd.py::test_any_size_and_border

ops/winograd.py: the points without infinity
  - [[0], [0], [0], [1]]
  + [[0], [0], [0], [0]]
  ? tests/ops/test_winograd.py::test_the_transforms_are_exact

ops/winograd.py: one transform for both ways
  - isinstance(found, Transform) and found.back == back
  + isinstance(found, Transform)
  ? tests/ops/test_winograd.py::test_transforms_live_as_long_as_the_weights

ops/winograd.py: transforms of weights that are gone
  - Transform(kept, transforms.pop)
  + Transform(kept)
  ? tests/ops/test_winograd.py::test_transforms_live_as_long_as_the_weights

arrays.py: what can be written into is remembered
  - is_owner = whole.flags.owndata and not whole.flags.writeable
  + is_owner = whole.flags.owndata
  ? tests/ops/test_winograd.py::test_what_can_be_written_into_is_not_remembered

arrays.py: a model shares its weights with whoever gave them
  - copy = np.array(x, dtype)
  + copy = np.asarray(x, dtype)[...]
  ? tests/ops/test_winograd.py::test_a_model_keeps_weights_that_nobody_writes_into

ops/blocks.py: the first row for all
  - x[i if len(x) > 1 else 0, part]
  + x[0, part]
  ? tests/ops/test_blocks.py::test_blocks_of_a_function_are_the_function

ops/blocks.py: the last rows left out
  - min(r + high, rows.stop)
  + min(r + high, rows.stop - 1)
  ? tests/ops/test_blocks.py::test_pieces_hold_everything_once

ops/windows.py: what lay in the buffer shows at the border
  - frame[:, :above], frame[:, below:] = fill, fill
  + frame[:, :above] = fill
  ? tests/ops/test_blocks.py::test_buffers_are_written_before_they_are_read

ops/windows.py: the border cropped on the wrong side
  - top : x.shape[1] - bottom, left
  + bottom : x.shape[1] - top, left
  ? tests/axioms/test_engine.py::test_gradient_is_the_finite_difference_on_cnns

ops/windows.py: strides swapped
  - top : top + (out[0] - 1) * stride[0] + 1 : stride[0]
  + top : top + (out[0] - 1) * stride[1] + 1 : stride[1]
  ? tests/ops/test_convolution.py::test_ways_back_are_adjoint

ops/windows.py: dilations swapped
  - i * dilation[0], j * dilation[1]
  + i * dilation[1], j * dilation[0]
  ? tests/ops/test_convolution.py::test_ways_back_are_adjoint

ops/windows.py: the odd pixel before
  - return (totals[0] // 2, totals[0] - totals[0] // 2)
  + return (totals[0] - totals[0] // 2, totals[0] // 2)
  ? tests/ops/test_convolution.py::test_same_padding

methods/grad_cam.py: weights by the sum of slopes
  - return accurate_mean(gradients, (1, 2))
  + return np.asarray(gradients.sum(axis=(1, 2)))
  ? tests/methods/test_cam.py::test_under_global_average_pooling_grad_cam_is_cam

methods/grad_cam.py: Grad-CAM's weights in HiResCAM
  - multiply_no_nan(gradients, ends.value)
  + multiply_no_nan(gradients.mean(axis=(1, 2), keepdims=True), ends.value)
  ? tests/methods/test_cam.py::test_hires_cam_of_the_worked_example

methods/grad_cam.py: a ReLU in tf-explain's variant
  - relu and variant == "paper"
  + relu
  ? tests/methods/test_cam.py::test_tf_explains_weights_ask_for_positive_activations_and_positive_slopes

methods/grad_cam.py: the ReLU after resizing
  - return UPSAMPLINGS["bilinear"](maps, call.rows.shape[1:3]) if resize else maps
  + return np.maximum(UPSAMPLINGS["bilinear"](signed, call.rows.shape[1:3]), 0) if resize and relu else maps
  ? tests/methods/test_cam.py::test_the_relu_comes_before_resizing

methods/grad_cam.py: the nearest centre
  - np.arange(to) * n // to
  + ((np.arange(to) + 0.5) * n / to).astype(int)
  ? tests/methods/test_cam.py::test_nearest_is_where_a_pixel_starts

methods/grad_cam.py: no ReLU in Guided Grad-CAM
  - np.maximum(weighted_channel_sum(maps, mean_gradient_weights(maps, batch.backward(GRADIENT))), 0)
  + weighted_channel_sum(maps, mean_gradient_weights(maps, batch.backward(GRADIENT)))
  ? tests/methods/test_cam.py::test_guided_grad_cam_is_the_product

methods/grad_cam.py: Guided Grad-CAM weighs by guided slopes
  - batch.backward(GRADIENT))), 0)
  + batch.backward(GUIDED))), 0)
  ? tests/methods/test_cam.py::test_guided_grad_cam_is_the_product

methods/grad_cam.py: the plain gradient in Guided Grad-CAM
  - batch.backward(GUIDED, batch.x)
  + batch.backward(GRADIENT, batch.x)
  ? tests/methods/test_cam.py::test_guided_at_every_functional_relu

methods/grad_cam.py: one walk counted of two
  - (0, len(values))
  + (0, 0)
  ? tests/methods/test_cam.py::test_cost_and_certificate

methods/compat.py: tf-explain's weights without a look at the activations
  - ((maps > 0) & (gradients > 0))
  + (gradients > 0)
  ? tests/methods/test_cam.py::test_tf_explains_variant_of_the_worked_example

methods/compat.py: tf-explain's mean over positive entries only
  - accurate_mean(gradients * ((maps > 0) & (gradients > 0)), (1, 2))
  + (gradients * ((maps > 0) & (gradients > 0))).sum(axis=(1, 2)) / ((maps > 0) & (gradients > 0)).sum(axis=(1, 2))
  ? tests/methods/test_cam.py::test_tf_explains_variant_of_the_worked_example

model.py: the two classes of one score are exchanged
  - TWO_SIDED = (-1.0, 1.0)
  + TWO_SIDED = (1.0, -1.0)
  ? tests/test_model.py::test_one_score_with_a_sigmoid_has_two_classes

model.py: a softmax behind another shape goes unseen
  - isinstance(end.op, (Identity, Reshape, Transpose))
  + isinstance(end.op, Identity)
  ? tests/test_model.py::test_a_last_softmax_or_sigmoid_is_found

model.py: a softmax over a part of the scores is the end
  - total.sources == [e] and prod(total.shape[1:]) == 1
  + total.sources == [e]
  ? tests/test_model.py::test_what_is_no_end

model.py: bytes in floats pass
  - if low >= 0 and high >= BYTES and np.isfinite(high):
  + if low >= 0 and high >= BYTES and np.isnan(high):
  ? tests/test_model.py::test_what_are_no_images

model.py: weights stay random in silence
  - if not partial and (left :=
  + if partial and (left :=
  ? tests/test_model.py::test_weights_that_would_stay_random

methods/call.py: numbers beside bytes are those of floats
  - 1 / 255 if is_bytes else 1.0
  + 1.0
  ? tests/methods/test_call.py::test_numbers_beside_bytes_are_bytes

methods/call.py: a softmax of a softmax
  - if final_activation(scores):
  + if not scores.shape:
  ? tests/methods/test_call.py::test_a_function_that_ends_with_probabilities_gets_no_others

attribution.py: a certificate that can be changed
  - object.__setattr__(self, name, Settings(getattr(self, name)))
  + object.__setattr__(self, name, dict(getattr(self, name)))
  ? tests/test_attribution.py::test_parameters_cannot_be_changed

training.py: the softmax of the two scores of a sigmoid
  - cross_entropy(scores / 2, goals)
  + cross_entropy(scores, goals)
  ? tests/test_model.py::test_one_score_learns_two_classes

zoo/suggestions.py: means of bytes go unseen
  - if np.max(abs(shift)) > BYTES or
  + if
  ? tests/zoo/test_onnx.py::test_what_the_first_operations_suggest

zoo/onnx/patterns.py: a softmax whose exponentials are shifted by another maximum
  - below.inputs[0]) == axis:
  + below.inputs[0]) is not None:
  ? tests/zoo/test_onnx.py::test_a_softmax_shifted_along_another_axis_is_none

methods/registry.py: other libraries' words are Python's affair
  - check_names(function, options)
  + pass
  ? tests/methods/test_call.py::test_other_libraries_words

methods/maps.py: the first layer on all paths
  - return shared[-1]
  + return shared[0]
  ? tests/methods/test_cam.py::test_by_default_the_last_with_places_on_all_paths

methods/maps.py: a layer that other paths lead round
  - if reach <= place[node]:
  + if True:
  ? tests/methods/test_cam.py::test_by_default_the_last_with_places_on_all_paths

methods/maps.py: one place is enough
  - node.shape[1] * node.shape[2] > 1
  + node.shape[1] * node.shape[2] > 0
  ? tests/methods/test_cam.py::test_what_other_paths_lead_round_and_what_has_one_place_is_told

methods/maps.py: filters in the order of the first image
  - np.argsort(-by, axis=1, kind="stable")
  + np.broadcast_to(np.argsort(-by[0], kind="stable"), by.shape)
  ? tests/methods/test_activations.py::test_rank

methods/maps.py: the last of equals
  - np.argsort(-by, axis=1, kind="stable")
  + np.argsort(by, axis=1, kind="stable")[:, ::-1]
  ? tests/methods/test_activations.py::test_rank

methods/call.py: layers numbered from 1
  - return layers[layer].name
  + return layers[layer - 1].name
  ? tests/methods/test_activations.py::test_a_layer_by_its_number

methods/endpoints.py: a layer that a method chose goes untold
  - layer=self.call.layer_name or self.layer,
  + layer=self.call.layer_name,
  ? tests/methods/test_cam.py::test_by_default_the_last_with_places_on_all_paths

methods/ablation.py: the change without its sign
  - np.where(abs(drops) > abs(largest), drops, largest)
  + np.maximum(abs(drops), abs(largest))
  ? tests/methods/test_ablation.py::test_of_several_values_the_largest_change_with_its_sign

methods/ablation.py: the last value instead of the largest change
  - np.where(abs(drops) > abs(largest), drops, largest)
  + drops
  ? tests/methods/test_ablation.py::test_of_several_values_the_largest_change_with_its_sign

methods/ablation.py: all inputs but one replaced
  - ends.reference[i], ends.value[i])
  + ends.value[i], ends.reference[i])
  ? tests/methods/test_ablation.py::test_each_input_by_hand

methods/groups.py: the numbers given instead of 0, 1, ...
  - labels.reshape(shape), len(names)
  + full % len(names), len(names)
  ? tests/methods/test_ablation.py::test_groups_move_together_and_each_entry_is_told_what_its_group_loses

methods/shapley.py: coalitions of n players instead of n − 1
  - comb(self.n - 1, s))
  + comb(self.n, s))
  ? tests/methods/test_shapley.py::test_games

methods/shapley.py: players in the wrong order
  - v.reshape(-1, 2, 2**i, *v.shape[1:])
  + v.reshape(2**i, 2, -1, *v.shape[1:])
  ? tests/methods/test_shapley.py::test_exact_is_the_definition

methods/shapley.py: who arrives when, taken for when who arrives
  - self.orders(p).argsort(axis=1) <
  + self.orders(p) <
  ? tests/methods/test_shapley.py::test_a_dummy_gets_exactly_nothing_and_who_always_adds_the_same_gets_that

methods/shapley.py: batches that forget where the last one ended
  - axis=0, prepend=self.last)
  + axis=0, prepend=v[:1])
  ? tests/methods/test_shapley.py::test_pieces_give_the_same

methods/shapley.py: sums that overwrite where a player comes again
  - player.argsort(kind="stable")
  + np.arange(len(player))
  ? tests/methods/test_shapley.py::test_the_values_add_up

methods/shapley.py: the same orders from every seed
  - np.random.default_rng((self.seed, q))
  + np.random.default_rng(q)
  ? tests/methods/test_shapley.py::test_the_seed_says_all_and_more_orders_begin_with_the_same

methods/shapley_values.py: the sum over the background
  - self.ends.score_at(points, i) / references)
  + self.ends.score_at(points, i))
  ? tests/methods/test_shapley.py::test_a_background_is_the_mean_over_its_references

methods/shapley_values.py: the first inputs again
  - i += inputs.start
  + i += 0
  ? tests/methods/test_shapley.py::test_inputs_a_few_at_a_time_give_the_same

methods/shapley_values.py: a player's whole value for each of its entries
  - numbers / np.bincount(labels.reshape(-1))
  + numbers / 1
  ? tests/methods/test_shapley.py::test_groups_of_pixels_from_a_baseline_for_each

methods/shapley_values.py: the present ones absent
  - np.where(present, self
  + np.where(~present, self
  ? tests/methods/test_shapley.py::test_groups_of_pixels_from_a_baseline_for_each

methods/occlusion.py: no window at the border
  - -(-(length - side) // step) + 1)
  + (length - side) // step + 1)
  ? tests/methods/test_occlusion.py::test_every_pixel_is_covered_and_no_window_is_empty

methods/occlusion.py: the sum over the windows
  - (row_masks / row_masks.sum(axis=0)).T
  + row_masks.T
  ? tests/methods/test_occlusion.py::test_a_line

methods/occlusion.py: crosses instead of windows
  - row_masks[a][:, :, None, None] & column_masks
  + row_masks[a][:, :, None, None] | column_masks
  ? tests/methods/test_occlusion.py::test_by_hand

methods/occlusion.py: rows and columns exchanged
  - a, b = np.divmod(k, len(column_masks))
  + a, b = np.divmod(k, len(row_masks))
  ? tests/methods/test_occlusion.py::test_what_hides

methods/occlusion.py: every image hidden with the first one's fill
  - fill[i], x[i])
  + fill[:1], x[i])
  ? tests/methods/test_occlusion.py::test_what_hides

methods/compat.py: p instead of 1 − p
  - Node(1 - probabilities[..., None])
  + Node(probabilities[..., None])
  ? tests/methods/test_occlusion.py::test_tf_explain_shows_one_minus_p_of_a_grid_without_overlap

methods/compat.py: grey on a scale from 0 to 1
  - GREY = 127.5
  + GREY = 0.5
  ? tests/methods/test_occlusion.py::test_tf_explain_shows_one_minus_p_of_a_grid_without_overlap

plots/maps.py: absolute values before the sum over channels
  - maps = [part.select(v.sum(axis=-1, dtype=np.float64)) for v in values]
  + maps = [part.select(v).sum(axis=-1, dtype=np.float64) for v in values]
  ? tests/test_pictures.py::test_the_absolute_value_is_taken_after_the_sum_over_channels

plots/maps.py: layers share a scale
  - return (result.method, result.output, result.layer)
  + return (result.method, result.output)
  ? tests/test_pictures.py::test_maps_of_several_layers_are_headed_by_the_layer

plots/maps.py: the standard error left out
  - f"{NBSP}±{NBSP}{short_number(error, digits=1)}" if error else ""
  + ""
  ? tests/test_pictures.py::test_a_comparison_states_every_scale_and_gap

plots/colours.py: the negative part in red
  - FALLING = Palette(fading_colormap(-1, 0), -1, 0
  + FALLING = Palette(fading_colormap(0, 1), -1, 0
  ? tests/test_pictures.py::test_a_part_of_a_map_has_one_colour_and_a_scale_from_0

plots/panels.py: one long line
  - for part in split_into_bands(columns, max_columns, rows)]
  + for part in [columns]]
  ? tests/test_pictures.py::test_many_columns_go_on_beneath

plots/feature_maps.py: the weakest first
  - np.argsort(-maps.max(axis=(1, 2)), kind="stable")
  + np.argsort(maps.max(axis=(1, 2)), kind="stable")
  ? tests/test_pictures.py::test_filters_are_sorted_by_their_peaks

plots/feature_maps.py: ranks of another image
  - .extras["order"][i]
  + .extras["order"][-1]
  ? tests/test_pictures.py::test_filters_as_the_result_ranks_them_or_as_they_are

plots/series.py: the curve of the gradients
  - self.sums.sum(axis=(1, 2, 3), dtype=np.float64)
  + self.gradients.sum(axis=(1, 2, 3), dtype=np.float64)
  ? tests/test_pictures.py::test_the_curve_rises_to_the_difference

plots/series.py: the sum without its end
  - np.linspace(0, steps - 1, count)
  + np.linspace(0, steps - 2, count)
  ? tests/test_pictures.py::test_the_way_ends_at_the_image_and_the_attribution

cli/arguments.py: the seed forgotten
  - for name in ("samples", "seed") if getattr
  + for name in ("samples",) if getattr
  ? tests/test_cli.py::test_a_seed_is_for_sampled_methods

cli/arguments.py: another background
  - digits("train")[0][:BACKGROUND]
  + digits("train")[0][-BACKGROUND:]
  ? tests/test_cli.py::test_what_a_method_needs_is_made_up_and_told

cli/compare.py: what was named is left out in silence
  - if not may_fail or (
  + if (
  ? tests/test_cli.py::test_compare_leaves_out_what_cannot_be_asked_unless_it_was_named

cli/compare.py: those that do not add up first
  - key=lambda m: not m.complete
  + key=lambda m: m.complete
  ? tests/test_cli.py::test_compare_prints_the_certificate_of_every_method_that_explains_a_class

methods/expected_gradients.py: from x instead of from the reference
  - start[r] + column(alpha, delta)
  + end[i] + column(alpha, delta)
  ? tests/methods/test_expected_gradients.py::test_shap_s_stream_sample_for_sample

methods/expected_gradients.py: one lot for the reference and the way
  - (u[:, 0] * references)
  + (u[:, 1] * references)
  ? tests/methods/test_expected_gradients.py::test_within_four_standard_errors_of_integrated_gradients

methods/expected_gradients.py: at a layer the activations of x itself
  - end[i] if noisy is None else network.activations(noisy)
  + end[i]
  ? tests/methods/test_expected_gradients.py::test_at_a_layer_the_noise_is_that_of_the_input

methods/compat.py: the way before the reference
  - (rng.choice(references), rng.uniform(), None
  + (*(rng.uniform(), rng.choice(references))[::-1], None
  ? tests/methods/test_expected_gradients.py::test_shap_s_stream_sample_for_sample

methods/moments.py: the powers themselves, which cancel
  - self.first[i[k == 0]] = parts[k == 0]
  + self.first[i[k == 0]] = 0
  ? tests/methods/test_expected_gradients.py::test_nothing_cancels_where_the_values_are_large_and_differ_little

methods/moments.py: shap's variance of the mean
  - np.sqrt(self.variance / (self.count - 1))
  + np.sqrt(self.variance / np.sqrt(self.count))
  ? tests/methods/test_expected_gradients.py::test_the_standard_errors_are_those_of_repetition

methods/moments.py: n where n − 1 belongs
  - (self.count - 1)
  + self.count
  ? tests/methods/test_smooth_grad.py::test_the_mean_the_squares_and_the_variance

methods/moments.py: a wrong sign in the fourth moment
  - + 6 * a**2 * b
  + - 6 * a**2 * b
  ? tests/methods/test_expected_gradients.py::test_nothing_cancels_where_the_values_are_large_and_differ_little

methods/background.py: the background's sum
  - reference_outputs.mean(axis=0, dtype=np.float64)
  + reference_outputs.sum(axis=0, dtype=np.float64)
  ? tests/methods/test_expected_gradients.py::test_the_gap_is_measured_from_the_mean_over_the_background

methods/background.py: the activations are kept alive
  - as_input(batch.layer) if keep else np.zeros((0, *batch.layer.shape[1:]))
  + as_input(batch.layer)[: None if keep else 0]
  ? tests/methods/test_deep_shap.py::test_memory_does_not_grow_with_the_references

methods/deep_shap.py: from x to the reference
  - -1 if swapped else 1
  + 1
  ? tests/methods/test_deep_shap.py::test_it_is_the_mean_of_deep_lift

methods/deep_shap.py: ties decided by who is the reference
  - both_directions=pool == "mover"
  + both_directions=True
  ? tests/methods/test_deep_shap.py::test_ties_at_a_maximum_do_not_depend_on_who_is_the_reference

methods/deep_shap.py: the side of more rows goes one by one
  - len(call.rows) < len(references)
  + len(call.rows) > len(references)
  ? tests/methods/test_deep_shap.py::test_a_background_of_many_costs_one_row_each

methods/deep_shap.py: a gap in spite of other paths
  - complete = all_ends[0].complete and pool
  + complete = pool
  ? tests/methods/test_deep_shap.py::test_no_gap_where_a_path_goes_round_the_layer

methods/smooth_grad.py: the class that the noise makes of it
  - points, about.target
  + points, None
  ? tests/methods/test_smooth_grad.py::test_the_class_is_that_of_the_clean_image

methods/smooth_grad.py: one range for all images
  - rows.max(axis=1) - rows.min(axis=1)
  + 0 * rows[:, 0] + rows.max() - rows.min()
  ? tests/methods/test_smooth_grad.py::test_the_mean_the_squares_and_the_variance

methods/smooth_grad.py: the square of the mean
  - **2 if squared
  + **1 if squared
  ? tests/methods/test_smooth_grad.py::test_the_mean_the_squares_and_the_variance

methods/explainers.py: the smallest by size, as shap on TensorFlow
  - "max_abs": lambda y: -abs(y)
  + "max_abs": lambda y: abs(y)
  ? tests/methods/test_explainers.py::test_ranked_outputs

methods/explainers.py: no seed but 0
  - else (rseed, "shap")
  + else (0, "shap")
  ? tests/methods/test_explainers.py::test_gradient_values_are_those_of_expected_gradients

methods/explainers.py: one ranking for all inputs
  - axis=1, kind="stable")[:, :outputs]
  + axis=1, kind="stable")[:1, :outputs].repeat(len(call.rows), 0)
  ? tests/methods/test_explainers.py::test_each_input_has_its_own_ranking

methods/integrated_gradients.py: Gauss weights of the interval from -1 to 1
  - return (t + 1) / 2, w / 2
  + return (t + 1) / 2, w
  ? tests/methods/test_integrated_gradients.py::test_weights_sum_to_one

methods/integrated_gradients.py: a whole weight at the ends
  - w[[0, -1]] /= 2
  + w[[0]] /= 2
  ? tests/methods/test_integrated_gradients.py::test_weights_sum_to_one

methods/integrated_gradients.py: the midpoint is the left end
  - (np.arange(n) + 0.5) / n
  + (np.arange(n) + 0.0) / n
  ? tests/methods/test_integrated_gradients.py::test_the_midpoint_error_falls_fourfold_when_the_steps_double

methods/integrated_gradients.py: the way starts at zero
  - points = start[i] + column
  + points = 0 * start[i] + column
  ? tests/methods/test_integrated_gradients.py::test_sums_tend_to_the_difference

methods/integrated_gradients.py: times the input, not the difference
  - values = (multiply_no_nan(mean, delta) if multiply
  + values = (multiply_no_nan(mean, ends.value) if multiply
  ? tests/methods/test_integrated_gradients.py::test_on_a_linear_network_it_is_weight_times_difference

methods/integrated_gradients.py: no warning
  - (abs(gap) > 0.05 * difference)
  + (abs(gap) > 50 * difference)
  ? tests/methods/test_integrated_gradients.py::test_numbers_that_a_kink_leaves_short

methods/contrast.py: versus raises the score
  - return one_hot(self.target, output) - (
  + return one_hot(self.target, output) + (
  ? tests/methods/test_call.py::test_a_contrast_of_a_linear_method_is_the_difference

methods/passes.py: the last part of each input counts alone
  - total[i[first]] += np.add.reduceat(parts, first, axis=0, dtype=np.float64)
  + total[i] += parts
  ? tests/methods/test_integrated_gradients.py::test_sums_tend_to_the_difference

methods/passes.py: the stream runs on from input to input
  - if k[a] == 0:
  + if False:
  ? tests/methods/test_call.py::test_a_row_does_not_see_its_batch_mates

methods/endpoints.py: a layer with a way round it promises a gap
  - if not self.complete:
  + if False:
  ? tests/methods/test_integrated_gradients.py::test_where_a_path_leads_round_the_layer_it_stays_at_the_input

methods/registry.py: infinity is an answer
  - if array is not None and not np.isfinite(array).all():
  + if array is None:
  ? tests/methods/test_call.py::test_slopes_that_are_not_finite_are_told

methods/baselines.py: blur by the longer side
  - sigma = min(x.shape[1:3]) / 8
  + sigma = max(x.shape[1:3]) / 8
  ? tests/methods/test_baselines.py::test_blur_is_a_gaussian_of_an_eighth_of_the_shorter_side

methods/runs.py: without a baseline everything moved
  - if self.reference_rows else value
  + if self.reference_rows else 0 * value
  ? tests/methods/test_call.py::test_without_a_baseline_nothing_moved

cli/commands.py: an empty --out is none
  - if isinstance(value, str) and not value.strip():
  + if False:
  ? tests/test_cli.py::test_train_refuses_before_it_begins

methods/call.py: as many rows at a time as fit in memory
  - min(limit, max(ROWS, int(CACHE // self.row_bytes)))
  + max(limit, max(ROWS, int(CACHE // self.row_bytes)))
  ? tests/methods/test_integrated_gradients.py::test_memory_does_not_grow_with_the_steps

methods/call.py: softmax of a single score
  - scores.shape[1] > 1 else sigmoid(scores)
  + scores.shape[1] > 0 else sigmoid(scores)
  ? tests/methods/test_call.py::test_a_single_column_of_scores_has_the_sigmoid_too

rules/signs.py: what pulls up and what pulls down confused
  - product(rise, up) + product(fall, down), product(rise, down) + product(fall, up)
  + product(rise, up) + product(fall, up), product(rise, down) + product(fall, down)
  ? tests/test_reveal_cancel.py::test_dense_networks_have_the_authors_numbers

rules/signs.py: zero counts as falling
  - (rising + falling) / 2
  + falling
  ? tests/test_reveal_cancel.py::test_dense_networks_have_the_authors_numbers

rules/signs.py: the bias of a product moves
  - np.zeros_like(b)
  + b
  ? tests/test_reveal_cancel.py::test_dense_in_other_words

rules/reveal_cancel.py: a scale merges the parts
  - self.parts[x] if isinstance(node.op, Multiply) else split_by_sign(x.delta)
  + split_by_sign(x.delta)
  ? tests/test_reveal_cancel.py::test_a_scale_may_as_well_be_in_the_weights

rules/reveal_cancel.py: dense layers carry the parts of each input
  - self.parts[x] if isinstance(node.op, Multiply) else split_by_sign(x.delta)
  + self.parts[x]
  ? tests/test_reveal_cancel.py::test_dense_networks_have_the_authors_numbers

rules/reveal_cancel.py: the other part is never there
  - chord_along(op, x0 + fall, rise, 1)
  + chord_along(op, x0, rise, 1)
  ? tests/test_toys.py::test_number

rules/reveal_cancel.py: the derivative of the other side
  - chord_along(op, x0, fall, -1)
  + chord_along(op, x0, fall, 1)
  ? tests/test_reveal_cancel.py::test_at_a_kink_the_limit_is_the_derivative_of_that_side

rules/reveal_cancel.py: no side at a kink
  - start + side * (kind.eps * abs(start) + kind.tiny)
  + start
  ? tests/test_toys.py::test_number

rules/reveal_cancel.py: a side at 0 only
  - (kind.eps * abs(start) + kind.tiny)
  + kind.tiny
  ? tests/test_reveal_cancel.py::test_the_side_is_taken_wherever_the_kink_is

rules/reveal_cancel.py: a border moves
  - np.stack(parts) - node.op.forward(*zeros)
  + np.stack(parts)
  ? tests/test_reveal_cancel.py::test_a_border_has_not_moved

rules/reveal_cancel.py: merged parts have one multiplier
  - m if m.ndim == node.ndim else where_sign(node.delta, *m)
  + m if m.ndim == node.ndim else m[0]
  ? tests/test_reveal_cancel.py::test_complete_on_programs

rules/reveal_cancel.py: genomics stops at every op
  - (passing and dense.issuperset(node.sources))
  + False
  ? tests/test_reveal_cancel.py::test_genomics_looks_back_to_the_layer

rules/reveal_cancel.py: genomics knows no convolution
  - isinstance(node.op, MatMul) and has_single_factor(node)
  + isinstance(node.op, Bilinear) and has_single_factor(node)
  ? tests/test_reveal_cancel.py::test_genomics_looks_back_to_the_layer

rules/reveal_cancel.py: log of what never was
  - isinstance(op, (Exp, Log))
  + isinstance(op, Exp)
  ? tests/test_reveal_cancel.py::test_functions_that_end_or_explode_keep_to_rescale

rules/lrp.py: epsilon pulls towards 0
  - np.where(total < 0, -epsilon, epsilon)
  + np.where(total < 0, epsilon, -epsilon)
  ? tests/methods/test_lrp.py::test_epsilon_fades_what_is_weak

rules/lrp.py: f(0) handed on
  - np.where(np.isfinite(start), start, 0)
  + 0 * start
  ? tests/methods/test_lrp.py::test_functions_keep_what_they_are_at_zero

rules/lrp.py: every factor takes all
  - (2 if i < 2 and isinstance
  + (1 if i < 2 and isinstance
  ? tests/methods/test_lrp.py::test_a_product_is_shared_and_a_maximum_is_the_winners

rules/lrp.py: gamma favours positive terms of negative sums
  - np.stack([m * (z > 0), m * (z < 0)])
  + np.stack([m, 0 * m])
  ? tests/methods/test_lrp.py::test_dense_networks_have_the_published_numbers

rules/lrp.py: the bias is not favoured
  - total if b is None else total + where_sign(z, *favour(np.asarray(b)))
  + total if b is None else total + np.asarray(b)
  ? tests/methods/test_lrp.py::test_dense_networks_have_the_published_numbers

rules/lrp.py: a scale fades
  - Multiply: lrp_product
  + Multiply: lrp_linear
  ? tests/methods/test_lrp.py::test_a_scale_makes_no_sum_so_nothing_fades

methods/lrp.py: the multiplier is not the relevance
  - multiply_no_nan(m, ends.value)
  + m
  ? tests/methods/test_lrp.py::test_relevance_of_a_layer

methods/deep_lift.py: contributions are m times the whole difference
  - table.effective(layer, m), table.contributions(layer, m)
  + table.effective(layer, m), table.effective(layer, m) * layer.delta
  ? tests/test_reveal_cancel.py::test_a_layer_that_has_not_moved_may_contribute

methods/deep_lift.py: as many rows at a time with parts as without
  - .stop // 2
  + .stop
  ? tests/methods/test_deep_lift.py::test_parts_take_half_as_many_rows_at_a_time

preprocessing.py: colours stay as they are
  - x = x[..., ::-1]
  + x = x[..., :]
  ? tests/zoo/test_vgg.py::test_what_keras_feeds_its_network

preprocessing.py: the mean is added
  - x - np.asarray(self.mean)
  + x + np.asarray(self.mean)
  ? tests/zoo/test_vgg.py::test_what_torchvision_feeds_its_networks

model.py: a graph begins at what the first layer reads
  - {"input": self.preprocess(x if x.name or x.op else x.named("input"))}
  + {"input": x if x.name or x.op else x.named("input")}
  ? tests/zoo/test_vgg.py::test_attributions_are_about_pixels

model.py: a copy forgets its preprocessing
  - preprocessing=self.preprocessing,
  + preprocessing=None,
  ? tests/zoo/test_vgg.py::test_it_is_saved_with_the_model_and_copied_with_it

layers.py: each part of a kernel is the same
  - rng.normal(0, np.sqrt(2 / prod(shape[:-1])), part.shape)
  + np.random.default_rng(0).normal(0, np.sqrt(2 / prod(shape[:-1])), part.shape)
  ? tests/zoo/test_vgg.py::test_random_weights_are_of_the_seed_and_of_he

zoo/formats.py: flattened in the file's order
  - w = from_torch(w.reshape(len(w), channels, h, width)).reshape(-1, len(w))
  + w = from_torch(w)
  ? tests/zoo/test_formats.py::test_safetensors_with_torchvisions_names

zoo/formats.py: kernels keep the file's order of channels
  - np.moveaxis(w, (0, 1), (-1, -2)) if w.ndim > 1
  + np.moveaxis(w, (0, 1), (-2, -1)) if w.ndim > 2
  ? tests/zoo/test_formats.py::test_safetensors_with_torchvisions_names

zoo/formats.py: tensors that are too many are let through
  - if tensor.key not in names]
  + if False]
  ? tests/zoo/test_formats.py::test_tensors_that_do_not_fit

zoo/formats.py: shapes are not compared
  - if tensor.shape != shape:
  + if False:
  ? tests/zoo/test_formats.py::test_nothing_is_read_before_all_shapes_are_checked

zoo/formats.py: a pickle in a zip is an archive
  - name.endswith(".pkl")
  + name.endswith(".nothing")
  ? tests/zoo/test_formats.py::test_a_pickle_is_never_opened

zoo/formats.py: torchvision's weights are fed as Keras's
  - Contents(tensors, TORCHVISION, torch=True)
  + Contents(tensors, CAFFE, torch=True)
  ? tests/zoo/test_formats.py::test_safetensors_with_torchvisions_names

ops/activations.py: a clipped ReLU lets slopes through above
  - return ((x > self.low) & (x < self.high)).astype(x.dtype)
  + return (x > self.low).astype(x.dtype)
  ? tests/ops/test_every_op.py::test_gradient_is_the_derivative[relu6]

ops/activations.py: hard swish is cut off at 0
  - np.where(x <= -3, 0, np.where
  + np.where(x <= 0, 0, np.where
  ? tests/ops/test_every_op.py::test_gradient_is_the_derivative[hard_swish]

ops/sampling.py: a place that is taken twice gives back once
  - np.add.at(np.moveaxis(y, self.axis, 0), np.asarray(self.indices), np.moveaxis(m, self.axis, 0))
  + np.moveaxis(y, self.axis, 0)[np.asarray(self.indices)] = np.moveaxis(m, self.axis, 0)
  ? tests/ops/test_every_op.py::test_gradient_is_the_derivative[gather]

ops/composed.py: zeros after every pixel, the last too
  - slice((height - 1) * down + 1)
  + slice(height * down)
  ? tests/zoo/test_onnx.py::test_every_operation_is_what_onnx_says[test_convtranspose_kernel_shape]

zoo/hdf5.py: numbers that lie in another file are read
  - if dataset.is_virtual or dataset.external:
  + if False:
  ? tests/zoo/test_keras.py::test_numbers_that_are_elsewhere_or_nowhere_are_refused

zoo/hdf5.py: what a dataset says of its size is believed
  - if not whole or stored > size or declared > max(LARGEST, PACKED * size) or declared > RATIO * stored:
  + if False:
  ? tests/zoo/test_keras.py::test_numbers_that_are_elsewhere_or_nowhere_are_refused

zoo/keras/archive.py: a member of a zip file may unpack to anything
  - if info.file_size > (min(
  + if False and (min(
  ? tests/zoo/test_keras.py::test_members_that_unpack_to_too_much_are_refused

zoo/keras/archive.py: packed weights begin at 0
  - * np.float32(quantization["scale"]) + np.float32(quantization["min"])
  + * np.float32(quantization["scale"])
  ? tests/zoo/test_keras.py::test_weights_in_fewer_bits

zoo/keras/topology.py: layers are counted together, not by their class
  - stem = snake_case(kind)
  + stem = "conv2d"
  ? tests/zoo/test_keras.py::test_scores_are_those_of_keras

zoo/keras/topology.py: a number that a layer is given is passed over
  - (any(isinstance(x, float) for x in inputs) and " " not in kind)
  + False
  ? tests/zoo/test_keras.py::test_scores_are_those_of_keras[h5-inception]

zoo/keras/layers.py: hard_sigmoid is that of Keras 3 in every file
  - given == "hard_sigmoid" and layer.archive.version < 3
  + False
  ? tests/zoo/test_keras.py::test_hard_sigmoid_has_the_slope_of_the_version_that_wrote_it

zoo/keras/layers.py: a transposed kernel is not turned
  - np.swapaxes(kernel[::-1, ::-1], 2, 3)
  + np.swapaxes(kernel, 2, 3)
  ? tests/zoo/test_keras.py::test_a_transposed_convolution_is_the_gradient_of_a_convolution

zoo/keras/__init__.py: a layer that is called twice is called once
  - if layer.calls > 1:
  + if False:
  ? tests/zoo/test_keras.py::test_what_cannot_be_is_refused_in_one_sentence[called twice]

zoo/keras/__init__.py: a softmax at every pixel is taken for the end
  - (found == "softmax" and row[axis] != prod(row))
  + False
  ? tests/zoo/test_keras.py::test_a_softmax_beside_the_end_is_no_end

zoo/onnx/wire.py: a length is believed
  - if length > end - at:
  + if False:
  ? tests/zoo/test_onnx.py::test_a_message_that_does_not_end_is_damaged

zoo/onnx/wire.py: negative numbers are large ones
  - return number - (1 << 64) if number >> 63 else number
  + return number
  ? tests/zoo/test_onnx.py::test_every_operation_is_what_onnx_says

files.py: weights are read from anywhere
  - if not path.is_relative_to(folder.resolve()) or Path
  + if Path
  ? tests/zoo/test_onnx.py::test_weights_are_read_from_the_folder_of_the_file_alone

zoo/onnx/schema.py: a place beyond the file is believed
  - or start + length > path.stat().st_size
  + or False
  ? tests/zoo/test_onnx.py::test_weights_are_read_from_the_folder_of_the_file_alone

zoo/onnx/folding.py: a constant may take all memory
  - if min(sides, default=0) < 0 or prod(sides) > LARGEST:
  + if min(sides, default=0) < 0:
  ? tests/zoo/test_onnx.py::test_what_cannot_be_is_refused_in_one_sentence

zoo/onnx/layout.py: groups in ONNX's order
  - axes.sort(key=lambda pair: min(x.order.index(a) for a in pair[0]))  # as they stand in a row
  + axes.sort()
  ? tests/zoo/test_onnx.py::test_flattened_rows_keep_their_channels_last

zoo/onnx/layout.py: an axis is another one after it is moved
  - tuple(axes.index(a) for a in x.order)
  + tuple(axes[a] for a in x.order)
  ? tests/zoo/test_onnx.py::test_a_transpose_is_another_order

zoo/onnx/windows.py: the odd pixel before
  - (small, total - small) if auto == "SAME_UPPER"
  + (total - small, small) if auto == "SAME_UPPER"
  ? tests/zoo/test_onnx.py::test_channels_last_as_tensorflow_exports_it

zoo/onnx/windows.py: windows that begin beyond the image count
  - if count * s >= n + before:
  + if False:
  ? tests/zoo/test_onnx.py::test_every_operation_is_what_onnx_says

zoo/onnx/windows.py: zeros never count in a mean
  - if node.attributes.get("count_include_pad") and np.any(around):
  + if False:
  ? tests/zoo/test_onnx.py::test_every_operation_is_what_onnx_says

zoo/onnx/arithmetic.py: the letters of an einsum are believed
  - if n != known and (letter not in wanted or 1 not in (n, known)):
  + if False:
  ? tests/zoo/test_onnx.py::test_the_letters_of_an_einsum_fit_its_inputs

zoo/onnx/arithmetic.py: softmax of old files along one axis
  - b.opset < 13 and not node.attributes.get("single")
  + False and not node.attributes.get("single")
  ? tests/zoo/test_onnx.py::test_softmax_of_old_files_is_over_all_axes_that_follow

zoo/onnx/ending.py: a softmax is taken off wherever it is used
  - return node if node is not None and node.op in ACTIVATIONS and uses[node.outputs[0]] <= 1 else None
  + return next((n for n in nodes if n.op in ACTIVATIONS), None)
  ? tests/zoo/test_onnx.py::test_a_softmax_that_is_not_the_last_stays

zoo/onnx/patterns.py: a pattern takes what others read
  - and len(node.inputs) == inputs and self.uses[name] == 1
  + and len(node.inputs) == inputs
  ? tests/zoo/test_onnx.py::test_a_value_that_others_read_is_not_taken_away_by_a_pattern

model.py: a sigmoid at the end is forgotten in the file
  - settings["classifier_activation"] = architecture.get("classifier_activation")
  + settings["classifier_activation"] = None
  ? tests/zoo/test_onnx.py::test_a_model_that_is_saved_and_loaded_is_the_same[plain, sigmoid]

preprocessing.py: one number is for the first channel alone
  - return numbers * channels if len(numbers) == 1 else numbers
  + return numbers
  ? tests/zoo/test_onnx.py::test_preprocessing_and_classes_are_given_by_name

zoo/safetensors.py: bfloat16 is the lower half
  - << 16
  + << 0
  ? tests/zoo/test_formats.py::test_safetensors_of_bfloat16

zoo/safetensors.py: the end of the file is not looked at
  - if base + end > size:
  + if False:
  ? tests/zoo/test_formats.py::test_truncated_files

zoo/fetching.py: the checksum is not compared
  - if (length, found.hexdigest()) != (wanted.length, wanted.md5):
  + if length != wanted.length:
  ? tests/zoo/test_fetching.py::test_half_a_file_and_other_files_are_nothing

zoo/fetching.py: a file that is there is fetched again
  - and md5_of(out) == wanted.md5:
  + and False:
  ? tests/zoo/test_fetching.py::test_a_whole_file

model.py: the first of two classes of one name is taken
  - if len(same) > 1:
  + if False:
  ? tests/test_model.py::test_classes_by_name

zoo/onnx/ending.py: an input shape turns the channels round
  - elif node.op in CHANNELS_FIRST and node.inputs[0] == name:
  + elif node.op in () and node.inputs[0] == name:
  ? tests/zoo/test_onnx.py::test_an_input_shape_cannot_turn_the_channels_round

zoo/onnx/lowering.py: constants of a batch are those of one image, whatever they hold
  - and bool(np.all(x == x[:1])) else x
  + else x
  ? tests/zoo/test_onnx.py::test_a_constant_that_the_exporter_repeated_for_its_batch

cli/cost.py: the dry run leaves the layer out
  - given = call.options.get("layer")
  + given = None
  ? tests/test_photos.py::test_the_cost_that_is_told_is_what_it_costs

cli/arguments.py: large networks are smoothed as small ones
  - options["samples"] = SAMPLES
  + pass
  ? tests/test_photos.py::test_compare_asks_a_large_network_less_and_tells_what_it_costs

evaluation/amounts.py: negative relevance counts
  - np.maximum(maps, 0) if signed else abs(maps)
  + abs(maps)
  ? tests/evaluation/test_localisation.py::test_by_pencil

evaluation/amounts.py: signs are settled before channels are summed
  - check_finite(array, "an attribution").sum(axis=-1, dtype=np.float64)
  + abs(check_finite(array, "an attribution")).sum(axis=-1, dtype=np.float64)
  ? tests/evaluation/test_localisation.py::test_channels_are_summed_before_signs_are_settled

evaluation/amounts.py: a map of zeros has no share at all
  - / np.where(most > 0, most, 1), 1)
  + / np.where(most > 0, most, 1), mask)
  ? tests/evaluation/test_localisation.py::test_a_map_of_zeros_is_one_that_is_the_same_everywhere

evaluation/localisation.py: density without the area
  - share(maps, inside) / inside.mean(axis=(1, 2))
  + share(maps, inside)
  ? tests/evaluation/test_localisation.py::test_noise_reaches_what_chance_is_said_to_be

evaluation/localisation.py: of equal pixels all count
  - (n - above.sum()) * inside[equal].mean()
  + inside[equal].sum()
  ? tests/evaluation/test_localisation.py::test_equal_pixels_share_their_places

evaluation/localisation.py: of equal pixels the first count
  - inside[equal].mean()
  + inside[equal][0]
  ? tests/evaluation/test_localisation.py::test_where_the_pixels_lie_says_nothing

evaluation/localisation.py: more than a half
  - fitted(mask, maps) >= HALF
  + fitted(mask, maps) > HALF
  ? tests/evaluation/test_localisation.py::test_by_pencil

evaluation/parts.py: sensitivities are summed with their signs
  - maps if signed else abs(maps), array
  + maps, array
  ? tests/evaluation/test_parts.py::test_sums_by_pencil

evaluation/parts.py: equal numbers have the last of their places
  - np.cumsum(count) - (count - 1) / 2
  + np.cumsum(count)
  ? tests/evaluation/test_parts.py::test_rank_correlation_is_spearmans

evaluation/parts.py: a negative scale is granted too
  - np.maximum((s * phi).sum(axis=1, keepdims=True), 0)
  + (s * phi).sum(axis=1, keepdims=True)
  ? tests/evaluation/test_parts.py::test_shapley_distance_by_pencil

evaluation/parts.py: no scale is granted
  - along * s - phi, axis=1)
  + s - phi, axis=1)
  ? tests/evaluation/test_parts.py::test_shapley_distance_by_pencil

evaluation/parts.py: sensitive to the wrong class
  - part_sums(own, inside, signed) - part_sums(other, inside, signed)
  + part_sums(other, inside, signed) - part_sums(own, inside, signed)
  ? tests/evaluation/test_parts.py::test_target_sensitivity_by_pencil

evaluation/curves.py: the lowest first
  - np.lexsort((lots, -row))
  + np.lexsort((lots, row))
  ? tests/evaluation/test_curves.py::test_by_pencil

evaluation/curves.py: equal pixels in the order of their rows
  - np.lexsort((lots, -row))
  + np.lexsort((-row,))
  ? tests/evaluation/test_curves.py::test_pixels_that_are_equal_are_ordered_by_lot

evaluation/curves.py: insertion deletes
  - start, end = end, start
  + pass
  ? tests/evaluation/test_curves.py::test_by_pencil

evaluation/curves.py: a mean is no area
  - np.trapezoid(self.scores, self.fraction, axis=1)
  + self.scores.mean(axis=1)
  ? tests/evaluation/test_curves.py::test_by_pencil

evaluation/sanity.py: only the layer itself
  - randomised(model, names[: i + 1], seed)) for
  + randomised(model, names[i : i + 1], seed)) for
  ? tests/evaluation/test_sanity.py::test_the_cascade_goes_from_the_top_down_and_adds_up

evaluation/sanity.py: from the bottom up
  - reversed(model.owners.items())
  + model.owners.items()
  ? tests/evaluation/test_sanity.py::test_the_cascade_goes_from_the_top_down_and_adds_up

evaluation/sanity.py: the given model forgets
  - made, drawn = model.astype(model.dtype), {
  + made, drawn = model, {
  ? tests/evaluation/test_sanity.py::test_the_given_model_stays_as_it_is

evaluation/sanity.py: drawn as before
  - ((ANEW, as_random_seed(seed), place))
  + ((as_random_seed(seed), place))
  ? tests/evaluation/test_sanity.py::test_what_forgets_and_what_does_not

evaluation/cascades.py: each network explains what it predicts itself
  - method(drawn, x, first.target, versus
  + method(drawn, x, target, versus
  ? tests/evaluation/test_sanity.py::test_the_target_stays_what_the_trained_network_predicts

evaluation/sanity.py: edges across channels
  - (1, 2, 1), 3 - a) for
  + (1, 2, 1), 3) for
  ? tests/evaluation/test_sanity.py::test_edges_by_scipy

evaluation/interventions.py: the score of the own species alone
  - scores[rows, labels].astype(np.float64) - scores[rows, labels ^ 1]
  + scores[rows, labels].astype(np.float64)
  ? tests/evaluation/test_interventions.py::test_contrast_by_hand

evaluation/interventions.py: what is left and not what is lost
  - np.stack([whole - f for f in left], axis=1)
  + np.stack(left, axis=1)
  ? tests/evaluation/test_interventions.py::test_drops_of_a_weighted_sum_are_weighted_sums

evaluation/interventions.py: those present are taken away
  - strict=True) if not there]
  + strict=True) if there]
  ? tests/evaluation/test_interventions.py::test_part_shapley_is_the_mean_over_all_orders_of_arrival

evaluation/interventions.py: the habitat stays
  - scenes.with_(habitat=place).images) for place
  + scenes.images) for place
  ? tests/evaluation/test_interventions.py::test_who_looks_at_the_background_alone_is_caught

evaluation/interventions.py: what is left at home counts as elsewhere
  - (numbers.sum(axis=1) - self.here(numbers))
  + (numbers.sum(axis=1))
  ? tests/evaluation/test_interventions.py::test_audit_counts_what_is_named_rightly

evaluation/scoreboard.py: a deviation is no error
  - np.sqrt(np.where(n > 1, off / (n * np.maximum(n - 1, 1)), np.nan))
  + np.sqrt(np.where(n > 1, off / np.maximum(n - 1, 1), np.nan))
  ? tests/evaluation/test_scoreboard.py::test_the_mean_and_its_error

evaluation/contenders.py: the partner is not what it compares with
  - {**self.options, "baseline": reference}
  + {**self.options}
  ? tests/evaluation/test_scoreboard.py::test_dear_scores_are_asked_about_few_scenes

evaluation/contenders.py: the background is not the partner
  - {**self.options, "background": reference[i]}
  + {**self.options}
  ? tests/evaluation/test_scoreboard.py::test_with_the_partner_as_baseline_nothing_lies_on_what_they_share

evaluation/trials.py: other is own
  - self.maps(self.truth.model, self.truth.partner, None)
  + self.maps(self.truth.model, self.truth.labels, None)
  ? tests/evaluation/test_scoreboard.py::test_dear_scores_are_asked_about_few_scenes

evaluation/trials.py: nothing is forgotten
  - self.maps(self.truth.forgetful, self.truth.labels, self.versus)
  + self.maps(self.truth.model, self.truth.labels, self.versus)
  ? tests/evaluation/test_scoreboard.py::test_dear_scores_are_asked_about_few_scenes

plots/scores.py: whiskers of one standard error
  - 2 * np.nan_to_num(standard_error)
  + np.nan_to_num(standard_error)
  ? tests/evaluation/test_scoreboard.py::test_whiskers_are_two_standard_errors_long

rules/slopes.py: deconvnet keeps what is negative
  - return np.maximum(m, 0) if
  + return np.minimum(m, 0) if
  ? tests/test_references.py::test_entry[conv.deconvnet.captum]

rules/slopes.py: guided backprop keeps what is negative
  - return gradient(node, i, np.maximum(m, 0) if
  + return gradient(node, i, np.minimum(m, 0) if
  ? tests/test_references.py::test_entry[conv.guided_backprop.captum]

rules/slopes.py: the tangent at x for the chord
  - slope = np.asarray((y - y0) / np.where(dx == 0, 1, dx))
  + slope = op.slope(x)
  ? tests/test_kinks.py::test_two_kinks_inside_one_short_chord

rules/slopes.py: a maximum that rose credits the old winner
  - route(node, m, argmax(node, "value", "reference")
  + route(node, m, argmax(node, "reference", "value")
  ? tests/test_references.py::test_entry[conv.deep_lift.shap]

rules/reveal_cancel.py: the other part has always come first
  - up = chord_along(op, x0, rise, 1) + chord_along(op, x0 + fall, rise, 1)
  + up = 2 * chord_along(op, x0 + fall, rise, 1)
  ? tests/test_references.py::test_entry[strided.deep_lift.reveal-cancel.deeplift]

rules/lrp.py: no epsilon
  - np.where(total < 0, -epsilon, epsilon)
  + np.where(total < 0, -epsilon, epsilon) * 0
  ? tests/test_references.py::test_entry[strided.lrp.epsilon.wide.zennit]

methods/integrated_gradients.py: right nodes are left ones
  - "right": lambda n: ((np.arange(n) + 1) / n
  + "right": lambda n: (np.arange(n) / n
  ? tests/test_references.py::test_entry[x^2.integrated_gradients.right@50]

methods/shapley.py: Banzhaf's weights
  - 1 / (self.n * comb(self.n - 1, s))
  + 1 / 2 ** (self.n - 1) + 0 * comb(self.n - 1, s)
  ? tests/test_references.py::test_entry[gloves.shapley]

methods/ablation.py: what is left, not what is lost
  - drops[i, j] = ends.score[i] - ends.score_at(points, i)
  + drops[i, j] = ends.score_at(points, i)
  ? tests/test_references.py::test_entry[dense.feature_ablation.captum]

methods/occlusion.py: the windows overlap less by default
  - as_pair((-(-sides[0] // 2), -(-sides[1] // 2))
  + as_pair((sides[0], sides[1])
  ? tests/test_references.py::test_entry[windows.occlusion@64]

methods/compat.py: shap's stream from another seed
  - rng = np.random.RandomState(seed)
  + rng = np.random.RandomState(seed + 1)
  ? tests/test_references.py::test_entry[stream.expected_gradients.shap]

methods/expected_gradients.py: the mean gradient without the difference
  - parts = multiply_no_nan(ends.multipliers(GRADIENT, layer, output, i), delta)
  + parts = ends.multipliers(GRADIENT, layer, output, i)
  ? tests/test_references.py::test_entry[conv.expected_gradients.shap]

methods/deep_shap.py: the background's sum
  - (total / len(references)).astype
  + total.astype
  ? tests/test_references.py::test_entry[saturation.deep_shap@1,.25]

methods/smooth_grad.py: noise by the largest entry alone
  - (rows.max(axis=1) - rows.min(axis=1))
  + rows.max(axis=1)
  ? tests/test_references.py::test_entry[smooth_grad.sigma]

methods/grad_cam.py: HiResCAM without the slopes
  - multiply_no_nan(gradients, ends.value)
  + ends.value
  ? tests/test_references.py::test_entry[conv.hires_cam.captum]

methods/expected_gradients.py: always the first reference
  - (u[:, 0] * references)
  + (u[:, 0] * 1)
  ? tests/test_references.py::test_entry[product.expected_gradients.two@2,3]

methods/expected_gradients.py: the noise does not count as a move
  - network.activations(noisy)) - start[r]
  + end[i]) - start[r]
  ? tests/test_references.py::test_entry[square.expected_gradients.smoothed@3]

methods/maps.py: the convolution before its ReLU
  - readers[0] if len(
  + last[0] if len(
  ? tests/methods/test_cam.py::test_where_no_layer_is_on_all_paths

rules/lrp.py: f(0) is handed on
  - np.where(np.isfinite(start), start, 0)
  + 0
  ? tests/test_references.py::test_entry[sigmoid.lrp]

rules/reveal_cancel.py: a maximum that fell passes on the upward multiplier
  - where_sign(node.delta, *m)
  + m[0]
  ? tests/test_references.py::test_entry[fall.reveal_cancel]

files.py: whoever writes at the same time loses their part
  - if try_lock(file):
  + if True:
  ? tests/robustness/test_files.py::test_what_a_killed_process_left_is_swept

files.py: a link becomes a file
  - target = Path(os.path.realpath(place))
  + target = place
  ? tests/robustness/test_files.py::test_a_link_is_followed

files.py: a mode is forgotten
  - os.chmod(part, mode)
  + ...
  ? tests/robustness/test_files.py::test_a_mode_is_kept

files.py: a part that was swept is written into
  - if try_lock(file) and part.exists():
  + if try_lock(file):
  ? tests/robustness/test_files.py::test_a_part_that_was_swept_too_early_is_begun_again

files.py: a damaged archive is nobody's fault
  - raise ValueError("it is not an .npz file") from None
  + raise
  ? tests/test_references.py::test_damaged_files_are_told_in_one_line

files.py: what an archive declares is believed
  - if (declared := sum(member.file_size for member in members)) > max(UNPACKED, RATIO * size):
  + if (declared := sum(member.file_size for member in members)) < 0:
  ? tests/robustness/test_hostile.py::test_archives

files.py: a header is believed
  - if prod(shape) * dtype.itemsize != size or min(shape, default=0) < 0:
  + if False:
  ? tests/robustness/test_hostile.py::test_archives

zoo/hdf5.py: links to other files are followed
  - isinstance(thing.get(key, getlink=True), h5py.HardLink)
  + True
  ? tests/robustness/test_hostile.py::test_links_to_other_files_are_not_followed

zoo/hdf5.py: soft links are followed into other files
  - isinstance(thing.get(key, getlink=True), h5py.HardLink)
  + not isinstance(thing.get(key, getlink=True), h5py.ExternalLink) and thing.get(key) is not None
  ? tests/robustness/test_hostile.py::test_links_to_other_files_are_not_followed

zoo/onnx/wire.py: a file may have any number of fields
  - count[0] -= 1
  + count[0] -= 0
  ? tests/robustness/test_hostile.py::test_onnx

references/frozen.py: whatever file is taken for a library's
  - if about.get("library") != library or
  + if False and
  ? tests/test_references.py::test_a_file_in_the_place_of_another_is_told_in_one_line

references/entry.py: whatever comes out holds
  - return bool(self.deviation <= self.entry.tolerance.size)
  + return True
  ? tests/test_references.py::test_both_deviation_and_shape_decide

references/frozen.py: results of whatever network
  - if load_network(name).checksum != checksum:
  + if False:
  ? tests/test_references.py::test_other_networks_are_noticed

references/report.py: failures are not told
  - if not outcome.holds:
  + if False:
  ? tests/test_references.py::test_what_does_not_hold_is_told_and_the_exit_code_is_1

cli/verify.py: the exit code is 0
  - return int(not all(
  + return int(0 and not all(
  ? tests/test_references.py::test_what_does_not_hold_is_told_and_the_exit_code_is_1

cli/experiments.py: what fails is no failure
  - int(broken > 0)
  + 0
  ? tests/experiments/test_experiment_command.py::test_a_claim_that_fails_is_told_and_the_exit_code_is_1

plots/charts.py: the first name at the bottom
  - ax.invert_yaxis()
  + pass
  ? tests/test_charts.py::test_boxes_show_the_quartiles_beneath_each_other

datasets/birds/painting.py: parts behind shine through
  - clear = clear - masks[i]
  + clear = clear * 1
  ? tests/datasets/test_birds.py::test_masks_sum_to_one_and_nothing_is_clipped

datasets/birds/painting.py: front to back is back to front
  - in reversed(list(enumerate(PARTS))):
  + in list(enumerate(PARTS)):
  ? tests/datasets/test_birds.py::test_the_birds_are_the_same_on_every_machine

datasets/birds/painting.py: a part that is removed leaves a hole
  - 0 if part in remove else pixel_coverage(shapes[i], unit)
  + pixel_coverage(shapes[i], unit)
  ? tests/datasets/test_birds.py::test_what_is_removed_is_gone_and_changes_nothing_elsewhere

datasets/birds/painting.py: species cast different shadows
  - masks[-1] * ground_shadow(x, y)
  + masks[-1] * ground_shadow(x + as_column(BEAK_LENGTH[scenes.labels]), y)
  ? tests/datasets/test_birds.py::test_without_any_part_only_the_habitat_is_left

datasets/birds/painting.py: edges as wide in a large picture
  - unit = scale * (size / SIDE)
  + unit = scale * 1
  ? tests/datasets/test_birds.py::test_a_larger_picture_shows_the_same

datasets/birds/painting.py: pixels by their corners
  - + 0.5) * (SIDE / size) - 0.5
  + + 0.0) * (SIDE / size)
  ? tests/datasets/test_birds.py::test_a_larger_picture_shows_the_same

datasets/birds/rendering.py: every chunk shows the first birds
  - few = scenes[start : start + step]
  + few = scenes[0:step]
  ? tests/datasets/test_birds.py::test_chunks_of_any_size_draw_the_same

datasets/birds/rendering.py: colours of the first species
  - palette[few.labels]
  + palette[few.labels * 0]
  ? tests/datasets/test_birds.py::test_a_partner_differs_in_the_decisive_part_alone

datasets/birds/rendering.py: the habitat behind them stays
  - .with_(habitat=background)
  + .with_()
  ? tests/datasets/test_birds.py::test_another_background_is_another_habitat

datasets/birds/scenes.py: a habitat without a bias is no habitat
  - float(habitat is not None) if
  + 0.0 if
  ? tests/datasets/test_birds.py::test_a_habitat_without_a_bias_is_where_all_of_them_are

evaluation/interventions.py: fewer labels than images will do
  - if own.shape != scores.shape[:1]:
  + if own.ndim != 1:
  ? tests/evaluation/test_interventions.py::test_labels_that_do_not_fit

datasets/birds/scenes.py: more scenes are other scenes
  - .random((n, sum(lengths)))
  + .random((sum(lengths), n)).T
  ? tests/datasets/test_birds.py::test_more_scenes_begin_with_the_same_ones

datasets/birds/scenes.py: the tie is the exception
  - tied[:, 0] < bias
  + tied[:, 0] > bias
  ? tests/datasets/test_birds.py::test_bias_ties_species_to_habitats

datasets/birds/scenes.py: the flip goes with the species
  - pose[:, 0] < 0, -1, 1)
  + labels % 2 == 0, -1, 1)
  ? tests/datasets/test_birds.py::test_every_species_and_habitat_is_as_likely_as_the_others

zoo/birds.py: sure of what nobody could know
  - everyone[scenes.labels ^ 1])[doubtful]
  + everyone[scenes.labels])[doubtful]
  ? tests/test_zoo.py::test_half_of_the_birds_lack_a_part_and_without_the_decisive_one_nobody_could_know

zoo/birds.py: in doubt whatever is missing
  - rows & (scenes.distinguishing_parts == PARTS.index(name))
  + rows
  ? tests/test_zoo.py::test_half_of_the_birds_lack_a_part_and_without_the_decisive_one_nobody_could_know

zoo/birds.py: swapped birds stay at home
  - habitat=[TIES[CLASSES[k ^ 1]]
  + habitat=[TIES[CLASSES[k]]
  ? tests/test_zoo.py::test_partners_are_tied_to_different_habitats

cli/subject.py: the partner is the bird
  - labels=scene.labels ^ 1
  + labels=scene.labels
  ? tests/test_cli.py::test_a_bird_is_compared_with_its_partner

photo.py: a photo without weights is passed over
  - if image is not None:
  + if False:
  ? tests/lessons/test_photo.py::test_without_weights_there_is_none

photo.py: the sample is always shown
  - sample_photo() if image is None else image
  + sample_photo()
  ? tests/lessons/test_photo.py::test_a_photo_of_ones_own

lesson.py: one digit is enough for a rounded answer
  - return within and (not enough or x.decimals >= 2 or digits >= 2)
  + return within
  ? tests/test_lesson.py::test_a_near_miss_is_not_right_but_finds_its_trap

lesson.py: a trap is told to those who are nearer to the answer
  - return near and distance(got, trap) < distance(got, right)
  + return near
  ? tests/test_lesson.py::test_the_nearest_of_two_traps_is_told_and_never_one_beyond_the_answer

lesson.py: an answer that crashes takes the others of its cell with it
  - if not parts or letter_of(statement) or letter_of(parts[-1][-1]):
  + if not parts:
  ? tests/test_lesson.py::test_an_answer_that_crashes_hides_no_other

book/words.py: terms in code become links
  - part if part.startswith("`") else EMPHASIS.sub(link_one, part) for part in parts
  + EMPHASIS.sub(link_one, part) for part in parts
  ? tests/book/test_words.py::test_terms_and_titles_become_links_and_code_does_not

lesson.py: a lesson under test hears what pytest was called with
  - _running[-1].photo if _running else typed(sys.argv[1:])
  + typed(sys.argv[1:])
  ? tests/lessons/test_photo.py::test_what_a_script_was_called_with

methods/grad_cam.py: a map is weighted by its size
  - multiply_no_nan(gradients, ends.value)
  + multiply_no_nan(gradients, abs(ends.value))
  ? tests/axioms/test_everywhere.py::test_on_random_cnns[hires_cam]

methods/occlusion.py: the window stays and the rest is hidden
  - np.where(window, fill[i], x[i])
  + np.where(window, x[i], fill[i])
  ? tests/axioms/test_everywhere.py::test_on_trained_digits[occlusion]

rules/lrp.py: the stabiliser has no sign
  - np.where(total < 0, -epsilon, epsilon)
  + epsilon
  ? tests/axioms/test_everywhere.py::test_on_trained_digits[lrp]

methods/certificate.py: the reference score is taken on trust
  - if excess[k] > 0 and (why
  + if excess[k] > np.inf and (why
  ? tests/methods/test_certificate.py::test_the_two_scores_are_told

methods/certificate.py: constants are not compared
  - if why := find_detached(ends.outline, references):
  + if False and (why := find_detached(ends.outline, references)):
  ? tests/methods/test_certificate.py::test_equal_scores_do_not_hide_a_function_that_left_altogether

methods/certificate.py: the first row instead of the farthest
  - return np.array([np.argmax(distances)])
  + return np.array([0])
  ? tests/methods/test_certificate.py::test_a_row_that_equals_its_baseline_does_not_hide_the_others

methods/certificate.py: rounding is a departure
  - certain = off > float(rounding_bound(np.asarray(largest), row.dtype))
  + certain = True
  ? tests/methods/test_certificate.py::test_rounding_is_no_departure

methods/certificate.py: in float32 a small departure is rounding
  - if not certain and call.rows.dtype != np.float64:
  + if not certain and call.rows.dtype == np.float16:
  ? tests/methods/test_certificate.py::test_float64_decides_where_float32_is_too_coarse

methods/certificate.py: chance is blamed on the graph
  - or find_detached(references, repeated):
  + and find_detached(references, repeated):
  ? tests/methods/test_certificate.py::test_chance_of_an_op_is_blamed_on_chance

methods/runs.py: the independent row is not counted
  - cost=ends.cost.plus(1)
  + cost=ends.cost.plus(0)
  ? tests/methods/test_certificate.py::test_every_row_that_goes_forward_is_counted

methods/runs.py: nothing is measured
  - check_baseline_score(ends, baseline)
  + pass
  ? tests/methods/test_certificate.py::test_what_left_the_graph_is_named[deep_lift-options0-clipped]

methods/deep_shap.py: references are taken on trust
  - pairs.check_reference_score(ends, references)
  + pass
  ? tests/methods/test_certificate.py::test_what_left_the_graph_is_named[deep_shap-options8-attribute]

methods/expected_gradients.py: no reference beside the inputs
  - targets, verify=True
  + targets, verify=False
  ? tests/methods/test_certificate.py::test_what_left_the_graph_is_named[expected_gradients-options10-attribute]

methods/deep_lift.py: an op of minixai is to be mended
  - if not is_built_in(node.op):
  + if True:
  ? tests/methods/test_deep_lift.py::test_nobody_is_told_to_mend_an_op_of_minixai

detached.py: nodes without an op are no constants
  - return Outline(ops, leaves + arrays, settings, fixed)
  + return Outline(ops, arrays, settings, fixed)
  ? tests/test_checking.py::test_what_leaves_the_graph_is_named

detached.py: arrays beside nodes are not compared
  - return Outline(ops, leaves + arrays, settings, fixed)
  + return Outline(ops, leaves, settings, fixed)
  ? tests/test_checking.py::test_constants_computed_from_one_row

detached.py: what ops were made with is not compared
  - pairs += zip(*made, strict=True)
  + pass
  ? tests/test_checking.py::test_an_op_made_from_the_input_is_named

detached.py: what frozen ops were made with is compared only where scores differ
  - else (one.fixed, other.fixed)
  + else ([], [])
  ? tests/methods/test_certificate.py::test_equal_scores_do_not_hide_a_choice_made_from_values

detached.py: whatever an op keeps is a departure
  - return bool(parameters and parameters.frozen)
  + return True
  ? tests/methods/test_certificate.py::test_an_op_may_keep_what_it_saw

ops/composed.py: the parts of PReLU rectify
  - positive_part(x), multiply(positive_part(negative(x)), alpha)
  + relu(x), multiply(relu(negative(x)), alpha)
  ? tests/test_edges.py::test_where_nothing_rectifies_it_is_the_gradient_and_that_is_said

detached.py: the input is a constant
  - if node.op is None and node is not x
  + if node.op is None
  ? tests/methods/test_certificate.py::test_weights_in_nodes_are_no_input

checking.py: rows at a kink are not judged
  - (kink & still)
  + kink
  ? tests/test_checking.py::test_a_wrong_slope_beside_a_kink_is_wrong

checking.py: what leaves the graph is let go
  - if apart or find_detached(one, two):
  + if False:
  ? tests/test_checking.py::test_an_op_made_from_the_input_is_named

rules/slopes.py: kinks: a tangent across a kink
  - <= rounding, middle, chord_slope))
  + <= np.inf, middle, chord_slope))
  ? tests/test_kinks.py::test_relu6_across_6_in_float32

rules/slopes.py: kinks: the secant of every short chord
  - <= rounding, middle, chord_slope))
  + < 0, middle, chord_slope))
  ? tests/test_rules.py::test_rescale_is_continuous_as_the_input_nears_its_reference

rules/slopes.py: kinks: f rounds no argument of its own
  - np.where(is_smooth, 2 * abs(middle) * size, 0)
  + 0
  ? tests/test_kinks.py::test_beside_its_kinks_a_users_op_has_the_tangent

rules/slopes.py: kinks: a rounded argument hides every kink
  - np.where(is_smooth, 2 * abs(middle) * size, 0)
  + 2 * abs(middle) * size
  ? tests/test_kinks.py::test_relu6_across_6_in_float32

rules/slopes.py: kinks: y is rounded a hundred times as much
  - rounding = 4 * eps *
  + rounding = 400 * eps *
  ? tests/test_kinks.py::test_relu6_across_6_in_float32

rules/slopes.py: kinks: the slope at one end is not looked at
  - abs(op.slope(x0) - middle)
  + abs(middle - middle)
  ? tests/test_kinks.py::test_relu6_across_6_in_float32

checking.py: kinks: only halfway to the reference
  - first = abs(between - before) > abs(after - between)
  + first = abs(between - before) < abs(after - between)
  ? tests/test_checking.py::test_a_tangent_across_a_kink_is_named

arrays.py: edges: 0 times infinity is no number
  - product[np.broadcast_to(x == 0, product.shape)] = 0
  + pass
  ? tests/test_edges.py::test_the_product_itself

rules/slopes.py: a ReLU passes nothing where it stood still
  - divide_or(y - y0, dx, op.slope(x if tangent is None else tangent))
  + divide_or(y - y0, dx, 0)
  ? tests/axioms/test_engine.py::test_rescale_from_the_input_itself_is_the_gradient_bit_for_bit

arrays.py: 0 where there is nothing to divide by
  - quotient[is_zero] = np.broadcast_to(otherwise, x.shape)[is_zero]
  + pass
  ? tests/test_edges.py::test_a_quotient_with_something_else_at_0

arrays.py: what is multiplied by 0 may be −0
  - product += 0
  + product += -0.0
  ? tests/test_edges.py::test_the_product_warns_of_nothing_and_has_no_minus_zero[float32]

ops/direct.py: channels must lie side by side
  - seen = seen.copy()
  + pass
  ? tests/ops/test_convolution.py::test_channels_that_do_not_lie_side_by_side[options0]

rules/entry_fingerprints.py: entries of two nodes are alike
  - return mixed(ENTRY_CARRIERS[kind](node, *keys) + node_number(node))
  + return mixed(ENTRY_CARRIERS[kind](node, *keys))
  ? tests/test_ties.py::test_entries_of_two_nodes_are_not_alike

rules/ties.py: the bits of every pixel begin with the same word
  - bits = bits.reshape(*mask.shape[:3], -1)
  + bits = bits[:1].reshape(-1)[:1].repeat(mask[..., 0].size).reshape(*mask.shape[:3], -1)
  ? tests/test_ties.py::test_channels_as_words

rules/slopes.py: edges: NaN below what has not moved
  - return multiply_no_nan(m, chord(
  + return m * (chord(
  ? tests/test_edges.py::test_the_walk_carries_on_below_what_has_not_moved

rules/slopes.py: edges: NaN below a product that has not moved
  - np.where(np.isnan(passed) & unmoved, 0, passed)
  + passed
  ? tests/test_edges.py::test_a_difference_that_has_stayed_0_below_a_root

rules/table.py: edges: 0 times infinity in DeepLIFT
  - return multiply_no_nan(m, node.delta)
  + return m * node.delta
  ? tests/test_edges.py::test_one_input_that_has_not_moved

methods/integrated_gradients.py: edges: 0 times infinity in integrated gradients
  - (multiply_no_nan(mean, delta) if
  + (mean * delta if
  ? tests/test_edges.py::test_one_input_that_has_not_moved

ops/arithmetic.py: edges: a constant along the rows
  - len(shape) == max(rows) > 0 and shape[0] > 1
  + False
  ? tests/test_edges.py::test_it_is_refused_whatever_the_batch

ops/functions.py: edges: a ReLU does not rectify
  - rectifies: ClassVar[bool] = True
  + rectifies: ClassVar[bool] = False
  ? tests/test_edges.py::test_what_rectifies_is_guided

rules/slopes.py: edges: whatever has a slope rectifies
  - isinstance(x.op, Elementwise) and x.op.rectifies for
  + isinstance(x.op, Elementwise) for
  ? tests/test_edges.py::test_where_nothing_rectifies_it_is_the_gradient_and_that_is_said

rules/slopes.py: edges: a ReLU anywhere counts
  - for x in between if x is not node)
  + for x in history(output))
  ? tests/test_edges.py::test_only_what_lies_on_the_way_counts

rules/folding.py: edges: the bias is not scaled
  - np.asarray(b * scale + shift)
  + np.asarray(b + shift)
  ? tests/methods/test_lrp.py::test_batch_norm_is_folded

rules/folding.py: edges: a sum that is used elsewhere is folded
  - if change and users[node.sources[0]] == 1 and
  + if change and
  ? tests/methods/test_lrp.py::test_what_is_not_folded

rules/folding.py: edges: the layer that was asked for is folded
  - == 1 and node.sources[0] is not keep:
  + == 1:
  ? tests/methods/test_lrp.py::test_at_the_layer_before_batch_norm_the_two_stay_apart

methods/lrp.py: edges: batch normalisation is an op of its own
  - output, layer = fold(batch.output, batch.layer)
  + output, layer = batch.output, batch.layer
  ? tests/methods/test_lrp.py::test_batch_norm_is_folded

rules/ties.py: nothing is known to tie
  - if first is None:
        return array
  + if True:
        return array
  ? tests/test_ties.py::test_flat_behind_every_kind_of_op

rules/ties.py: the last of equals instead of the first
  - table.put(slots[::-1], left[::-1])
  + table.put(slots, left)
  ? tests/test_ties.py::test_the_first_of_equals_is_found

rules/ties.py: keys that meet in the table count as equal
  - meets = keys.take(found) != keys.take(left)
  + meets = np.zeros(len(left), bool)
  ? tests/test_ties.py::test_the_first_of_equals_is_found

rules/ties.py: windows of windows meet by symmetry
  - return mixed(keys)  # windows
  + return keys  # windows
  ? tests/test_ties.py::test_borders_that_are_turned_over_are_no_other_border

rules/ties.py: pixels at the bounds of a clip keep their origin
  - if isinstance(node.op, Clip) else inputs[0]
  + if False else inputs[0]
  ? tests/test_ties.py::test_pixels_at_the_bounds_of_a_clip_tie

rules/ties.py: a constant is alike everywhere
  - keys = hashed(np.asarray(x, np.float64)
  + keys = 0 * hashed(np.asarray(x, np.float64)
  ? tests/test_ties.py::test_constants_that_differ_from_place_to_place_part_what_was_alike

rules/ties.py: what is turned is not turned back
  - node.memo["entries", side] = entries
  + pass
  ? tests/test_ties.py::test_flat_behind_every_kind_of_op

rules/ties.py: lists of pixels are taken by their last bits
  - np.where(abs(copies - flat) <= largest_rounding(x), copies, flat)
  + np.where(abs(copies - flat) <= -1, copies, flat)
  ? tests/test_ties.py::test_ties_in_sequences_and_lists_of_pixels

rules/entry_fingerprints.py: a node is like the node that it is computed from
  - return mixed(ENTRY_CARRIERS[kind](node, *keys) + node_number(node))
  + return ENTRY_CARRIERS[kind](node, *keys)
  ? tests/test_ties.py::test_entries_of_different_nodes_do_not_tie

ops/arithmetic.py: products of stacked matrices left to BLAS
  - if w.shape[-2] <= LONG or
  + if True or
  ? tests/test_sums.py::test_a_sum_over_millions_of_places_keeps_its_digits[a Gram matrix-flat]

rules/ties.py: channels are added up, whatever their order
  - bits, odd_numbers(x.shape[3])
  + bits, np.ones(x.shape[3], np.uint64)
  ? tests/test_ties.py::test_nothing_else_ties

rules/ties.py: a border inside a border
  - pad_images((keys + MIX)[..., None], (rows, columns), border)
  + pad_images(keys[..., None], (rows, columns), border)
  ? tests/test_ties.py::test_borders_inside_borders_do_not_tie

rules/ties.py: a false tie moves numbers
  - if max(off.max(), -off.min()) > bound:
  + if max(off.max(), -off.min()) > np.inf:
  ? tests/test_ties.py::test_nothing_is_moved_by_more_than_rounding

rules/ties.py: a false tie chooses another entry
  - far = abs(entry(old) - entry(new)) > bound
  + far = abs(entry(old) - entry(new)) > np.inf
  ? tests/test_ties.py::test_no_false_tie_chooses_an_entry_that_is_smaller

rules/ties.py: of alike entries the one that is largest elsewhere is forgotten
  - new = largest_alike(first, new,
  + largest_alike(first, new,
  ? tests/test_ties.py::test_alike_entries_are_judged_by_the_other_side

rules/ties.py: alike entries count by their last bits
  - if (new != old).any():
  + if False:
  ? tests/test_ties.py::test_the_gradient_does_not_go_by_the_last_bit

rules/ties.py: channels that are 0 have an origin
  - counts, total = maxima != 0, np
  + counts, total = maxima == maxima, np
  ? tests/test_ties.py::test_zeros_of_two_origins_tie

methods/network.py: ties: a layer's flat areas are forgotten
  - side_of(node, side) if node.op is None else equalised(node, side)
  + side_of(node, side)
  ? tests/test_ties.py::test_ties_outlive_the_start_at_a_hidden_layer

rules/ties.py: projections that overflow
  - channels) / max(channels, 1)
  + channels)
  ? tests/test_ties.py::test_large_numbers_do_not_overflow_into_ties

rules/ties.py: a border is like any pixel
  - keys.reshape(-1)[dead_places(side_of(x, side))] = 0
  + keys.reshape(-1)[:0] = 0
  ? tests/test_ties.py::test_what_is_dead_is_like_the_border

rules/ties.py: dead pixels all differ
  - keys.reshape(-1)[places] = 0
  + keys.reshape(-1)[:0] = 0
  ? tests/test_ties.py::test_dead_pixels_make_flat_areas_too

rules/ties.py: a window is the sum of its pixels, in any order
  - np.multiply(entry, weight, out=product)
  + np.multiply(entry, 1, out=product)
  ? tests/test_ties.py::test_borders_and_patterns

rules/ties.py: means of parts of a flat area differ
  - np.where(low == high, high, sums)
  + np.where(low > high, high, sums)
  ? tests/test_ties.py::test_flat_behind_every_kind_of_op

rules/ties.py: equal maxima of different windows differ
  - return fingerprint_maxima(node.op, keys, index, side_of(node, side))
  + return pixel_fingerprints(side_of(node, side))
  ? tests/test_ties.py::test_maxima_over_a_border_tie_with_those_inside

rules/ties.py: maxima of large windows are taken by their last bits
  - node.op.forward(equalised(node.sources[0], side))
  + side_of(node, side)
  ? tests/test_ties.py::test_maxima_over_large_windows_tie

rules/slopes.py: ties: the gradient goes by the last bit
  - node.op.scatter(m, argmax(node), x.value)
  + node.op.vjp(i, m, x.value)
  ? tests/test_ties.py::test_the_gradient_does_not_go_by_the_last_bit

methods/baselines.py: ties: one baseline for all is asked for each
  - return checked if (checked != checked[:1]).any() else checked[:1]
  + return checked
  ? tests/methods/test_deep_lift.py::test_baselines_by_array

images.py: a picture is padded at one end
  - borders = [*((n // 2, n - n // 2) for n in spare), (0, 0)]
  + borders = [*((0, n) for n in spare), (0, 0)]
  ? tests/test_photos_shipped.py::test_crop_pad_and_stretch

images.py: 12-bit data stays dark
  - float(2 ** bit_depth(high) - 1) if whole and high > 0 else float(most)
  + float(most)
  ? tests/test_images.py::test_data_of_fewer_bits_is_scaled_by_what_is_there

images.py: what was cut off is not known
  - return (pale if used < 1 else overview), 1 - used
  + return (pale if used < 1 else overview), 0.0
  ? tests/test_images.py::test_what_was_cut_off_is_known_and_shown

images.py: a pipe is waited for
  - if path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
  + if False:
  ? tests/test_images.py::test_a_pipe_is_refused

images.py: large pictures are decoded whole
  - if factor < 2:
  + if True:
  ? tests/test_images.py::test_a_large_picture_is_reduced_strip_by_strip

text.py: control codes reach the terminal
  - in UNPRINTABLE and c not in keep
  + in ()
  ? tests/test_cli.py::test_control_codes_of_names_do_not_reach_the_terminal

cli/arguments.py: the tool's own pictures are taken for inputs
  - or is_own_picture(path)]
  + ]
  ? tests/test_photos.py::test_a_background_leaves_out_what_minixai_has_drawn

cli/output.py: images of a background are overwritten
  - and not is_own_picture(path):
  + and False:
  ? tests/test_photos.py::test_no_image_of_a_background_is_overwritten

interrupts.py: an interrupt is said twice
  - if not State.announced:
  + if True:
  ? tests/test_cli.py::test_an_interrupt_is_announced_once

zoo/formats.py: the beginning of a pickle decides before the header of a safetensors
  - elif start[8:] == b"{":
  + elif start[8:] == b"{" and not start.startswith(b"\x80"):
  ? tests/zoo/test_formats.py::test_content_decides_before_the_suffix

images.py: stretch crops
  - if fit == "stretch":
  + if fit == "none":
  ? tests/test_photos_shipped.py::test_crop_pad_and_stretch

images.py: a shipped photo hides a file of its name
  - in SHIPPED_PHOTOS and not os.path.exists(there)
  + in SHIPPED_PHOTOS
  ? tests/test_photos_shipped.py::test_a_file_comes_before_a_shipped_photo_of_its_name

zoo/efficientnet.py: depthwise convolutions without ReLU6
  - groups=wide, activation="relu6")
  + groups=wide)
  ? tests/zoo/test_efficientnet.py::test_the_file_holds_the_described_network_in_float16

cli/subject.py: an inverted image file is taken for a photo
  - if image.file is not None and not image.invert:
  + if image.file is not None:
  ? tests/test_photos_shipped.py::test_a_file_is_too_and_with_invert_it_is_a_digit

evaluation/faithfulness.py: sets of pixels are not what the map is summed over
  - predicted = np.einsum("nhw,khw->nk", maps, masks.astype(np.float64)).reshape(shape)
  + predicted = np.einsum("nhw,khw->nk", maps, ~masks + 0.0).reshape(shape)
  ? tests/evaluation/test_faithfulness.py::test_the_true_map_of_a_linear_network_predicts_every_loss

evaluation/faithfulness.py: slopes are multiplied by the image alone
  - (call.rows.astype(np.float64) - call.baseline(baseline))
  + call.rows.astype(np.float64)
  ? tests/evaluation/test_faithfulness.py::test_slopes_are_multiplied_by_what_is_hidden

evaluation/faithfulness.py: no factor is granted
  - 1 - explained / np.where(total > 0, total, 1)
  + 1 - power / np.where(total > 0, total, 1)
  ? tests/evaluation/test_faithfulness.py::test_misprediction_by_pencil

evaluation/faithfulness.py: rounding is correlated
  - abs(x).max(axis=-1) * 1e-12
  + abs(x).max(axis=-1) * 0
  ? tests/evaluation/test_faithfulness.py::test_what_does_not_vary_is_not_correlated

audit/recognition.py: a step is no difference
  - return self.source.same and not self.steps
  + return self.source.same
  ? tests/audit/test_recognition.py::test_a_spoiled_map_is_named[transposed]

audit/recognition.py: anything is near enough
  - SAME = 1e-5
  + SAME = 1.0
  ? tests/audit/test_recognition.py::test_a_spoiled_map_is_named[wrong target]

audit/recognition.py: theirs is called exact for its draws
  - size = np.sqrt(2.0) * np.where(error > 0, error, np.inf)
  + size = 1e-6 * np.where(error > 0, error, np.inf)
  ? tests/audit/test_recognition.py::test_other_draws_agree_within_sampling

audit/library_variants.py: captum's trapezoid with weights that add up
  - ("both", halves),
  + ("both", halves * n / (n - 1)),
  ? tests/audit/test_recognition.py::test_a_spoiled_map_is_named[trapezoid]

audit/library_variants.py: places are drawn before references
  - r, alpha = rng.choice(len(background), n * samples), rng.uniform(0, 1, n * samples)
  + alpha, r = rng.uniform(0, 1, n * samples), rng.choice(len(background), n * samples)
  ? tests/audit/test_recognition.py::test_a_map_of_a_library_is_recognised[captum/gradient_shap]

audit/completeness.py: the sum is measured against itself
  - score - case.measure(broadcast(case, case.own.baseline))
  + row_sums(case.values)
  ? tests/audit/test_adding_up.py::test_the_gap_is_measured_from_the_network_itself

audit/robustness.py: the map is not moved back
  - (-down, -right)
  + (down, right)
  ? tests/audit/test_checks.py::test_a_crop_moves_the_map_back

audit/randomisation.py: black paper agrees
  - marked = (map_ != 0) | (edges != 0)
  + marked = np.ones_like(map_, bool)
  ? tests/audit/test_checks.py::test_edges_over_black_paper_are_compared_where_something_is_marked

audit/pages.py: names are not escaped
  - f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>"
  + f"<tr><th>{k}</th><td>{v}</td></tr>"
  ? tests/audit/test_report.py::test_what_a_class_is_called_cannot_break_the_page

audit/case.py: channels-first is taken
  - if first and array.shape[1:3] != (height, width):
  + if False:
  ? tests/audit/test_report.py::test_bad_input_gets_one_sentence[channels-first]

audit/recognition.py: few changed numbers are a function
  - or changed < 0.5
  + or False
  ? tests/audit/test_recognition.py::test_a_function_that_keeps_the_order_changes_most_numbers

audit/recognition.py: zeros are a part of any map
  - if changed.shape != theirs.shape or not changed.any():
  + if changed.shape != theirs.shape:
  ? tests/audit/test_recognition.py::test_what_lost_its_detail_is_not_believed[zeros]

audit/recognition.py: any map is within quadrature
  - if off <= error:
  + if True:
  ? tests/audit/test_recognition.py::test_integrated_gradients_of_more_steps_agree_within_quadrature

evaluation/cascades.py: a pattern that flips its sign is forgotten
  - size = float(abs(means[0]).mean())
  + size = float(abs(means[0].mean()))
  ? tests/evaluation/test_sanity.py::test_a_cascade_is_judged_by_draws

evaluation/scoreboard.py: less is more
  - column.sign * (means[i]
  + (means[i]
  ? tests/evaluation/test_scoreboard.py::test_a_check_of_a_score_holds_it_against_the_edge_detector_and_the_random_map

evaluation/interventions.py: no network leans
  - return moved - LEANS * part >
  + return moved - 100 * part >
  ? tests/evaluation/test_interventions.py::test_the_check_of_a_network_says_what_it_goes_by

audit/case.py: bytes are pixels
  - given["baseline"] = given["baseline"] * unit
  + given["baseline"] = given["baseline"] * 1
  ? tests/audit/test_report.py::test_numbers_beside_bytes_are_in_their_units
'''


def parse(block: str) -> Mutant:
    """The mutant that a block of lines describes.

    >>> parse("rules/slopes.py: no mask\\n  - np.maximum(m, 0)\\n  + m\\n  ? tests/test_rules.py").old
    'np.maximum(m, 0)'
    """
    title, *lines = block.splitlines()
    file, mistake = title.split(": ", 1)
    old, new, test = ("\n".join(line[4:] for line in lines if line[2] == mark) for mark in "-+?")
    return Mutant(mistake, file, old, new, test)


MUTANTS = [parse(block) for block in MISTAKES.strip().split("\n\n")]
