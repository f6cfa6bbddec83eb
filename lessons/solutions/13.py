"""Lesson 13: the answers, and why."""

mine_a = [[0.75, 0.0], [0.5, 0.0]]  # α is (−0.25, 0.5); what was negative for f is positive for −f
mine_b = 0.0099  # p · (1 − p): the surer the network, the flatter its probability, while the score goes on rising
mine_c = [[8, 0], [0, 0]]  # the mean of the four slopes is 2, and it is given to all four places
