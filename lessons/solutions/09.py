"""Lesson 9: the answers, and why."""

mine_a = 0.5  # (0 + 1 + 0.5) / 3
mine_b = "b"  # what all redshanks have in common is in the references too, and cancels
mine_c = 1.8  # 3/5 for both relus: 5 · 3/5 · 3/5; y is 3, and 1.2 is lost
