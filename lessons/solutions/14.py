"""Lesson 14: the answers, and why."""

mine_a = "conv2"  # down to conv3 it is still above one half: with the first two layers alone it draws the bird
mine_b = 0.8  # ranks 1, 4, 3, 2 and 1, 4, 2, 3: two of them differ, by one; 1 − 6 · 2 / (4 · 15)
mine_c = 500 / 4096  # 0.122: a random map is spread evenly, so 12% on the bird is nothing to be proud of
