"""Lesson 18: the answers, and why."""

mine_a = -1.0  # it should add up to 3.0 − 0.6 = 2.4, and adds up to −2.4: its sign is flipped
mine_b = 5.0  # 4.9 is 49/50 of it
mine_c = "no"  # the map did not notice that the layer forgot, whatever it adds up to
