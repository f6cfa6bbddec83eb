"""Lesson 15: the answers, and why."""

mine_a = (1.0, -1.0)  # the highest pixel, 9, lies on A; but the sums are 1, 2, 4, and the effects fall: 3, 2, 1
mine_b = (20.0, 50.0)  # 0.4 / 0.02; and at most all of the map lies on the part: 1 / 0.02
mine_c = 3 / 1.719  # 3 are right by chance, give or take 1.72: 6 is 1.75 standard errors above, which may be luck
