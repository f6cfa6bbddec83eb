"""Lesson 3: the answers, and why."""

mine_a = 10.0  # the slope jumps from 0 to 1, and is multiplied by x = 10; y itself does not jump
mine_b = 200  # change(200) is 0.998 and change(201) is 1.003
mine_c = "locality"  # a difference too is about one input and one baseline; others may say the contrary
