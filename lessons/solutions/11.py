"""Lesson 11: the answers, and why."""

mine_a = 64  # 8 along each side
mine_b = (0.5, -0.5)  # relu(0.5) − 0, and relu(0.5) − relu(1): hidden with 2, x seems to speak against the score
mine_c = 2  # one row of windows reaches the border, and two of them overlap along it
