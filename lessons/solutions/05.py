"""Lesson 5: the answers, and why."""

mine_a = 0.25  # −1 · (0.25 − 0.5): y likes it dark, and from the baseline on p has become darker
mine_b = "partner"  # the greenshank in the same scene: all that differs is what the question is about
mine_c = (0.9, -0.2)  # the slopes are −1 and +1; from white p has gone down by 0.9, q by 0.2
