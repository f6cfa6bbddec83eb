"""Lesson 4: the answers, and why."""

mine_a = (0.75, 0.25)  # i1 + i2 reaches 1 after a quarter of the path: a mean slope of 0.25, times 3 and 1
mine_b = (0.5, 0.5)  # again a quarter of the path is uphill: a mean slope of 0.25, times 2
mine_c = 32  # both ends count as much as the other points, though only half a step lies beside each end
