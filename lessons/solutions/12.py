"""Lesson 12: the answers, and why."""

from scipy.special import ndtr

mine_a = 0.094  # 0.1 · (0.98 − 0.04)
mine_b = ndtr(-0.5)  # 0.309: three copies of ten land above 0
mine_c = (1, 0)  # sizes are all 1; with their signs half are −1 and half +1, and cancel
