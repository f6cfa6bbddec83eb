"""Lesson 6: the answers, and why."""

mine_a = (0.75, 1.0, 0.0)  # relu goes from 0 to 3 while its input moves by 4; from 2 to 3 by 1; and stays at 0
mine_b = (1.0, 0.0)  # the slope at that place: 0/0 is what Δy/Δx converges to when Δx becomes small
mine_c = 1.0  # a fraction times its inverse: 1 in every network, at every input; so the middle must be ΔY/Δx
mine_d = (0.0, -1.0)  # the maximum fell from 5 to 4; 5 stood in the second place, which gets all of −1
