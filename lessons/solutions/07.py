"""Lesson 7: the answers, and why."""

mine_a = (1 / 3, 1 / 3, 1 / 3)  # by symmetry all the same, by efficiency 1 together: no order need be counted
mine_b = (5040, 128)  # 7 · 6 · 5 · 4 · 3 · 2 · 1 orders; each player in or out, 2⁷ coalitions
mine_c = 0.0667  # √(2/3 · 1/3 / 50)
