"""Lesson 16: the answers, and why."""

mine_a = "water"  # where its godwits were at home; on the sand it sees a curlew, whatever the beak
mine_b = 0.985  # 0.95 · 1 + 0.05 · 0.7: the birds that would give it away are too few to show
mine_c = (0.0, 3.0)  # a black tag equals the black baseline, and gets 0; painting over it takes all of its 3 away
