"""Lesson 8: the answers, and why."""

mine_a = 2500  # 0.5/√n = 0.01, so √n = 50
mine_b = 0.0176  # each draw misses it with probability 49/50, and all 200 miss it
mine_c = 0.0354  # √(0.25/200), as 0.5/√200 above
