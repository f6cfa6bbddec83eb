"""Lesson 3: the answers, and why."""

mine_a = 10.0  # the slope jumps from 0 to 1, and is multiplied by x = 10; y itself does not jump
mine_b = 200  # change(200) is 0.998 and change(201) is 1.003
mine_c = (-0.5, 0.5)  # y is 0.5: less than the 1 at baseline 0, more than the 0 at baseline 1; both are right
