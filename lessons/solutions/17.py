"""Lesson 17: the answers, and why."""

mine_a = 4.0  # the score minus the score at the baseline: 2.5 + 1.5
mine_b = 49  # (224 − 56) / 28 + 1 = 7 positions along each side
mine_c = 5  # the step that lets the last layer forget
mine_d = "wrong"  # the answer is gone and the map is still there, so the map does not explain the answer
