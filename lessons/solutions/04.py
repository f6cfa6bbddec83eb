"""Lesson 4: the answers, and why."""

mine_a = (0.8, 0.2)  # 0.8 of the way is uphill with slope 1: i1 goes 1 far, i2 0.25
mine_b = (0.5, 0.5)  # i1 + i2 reaches 1 after a quarter of the way: a mean slope of 0.25, times 2
mine_c = 32  # the ends are counted as much as the others, though only half a step lies beside each of them
