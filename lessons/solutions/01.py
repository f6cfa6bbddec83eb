"""Lesson 1: the answers, and why."""

mine_a = (0.75, 0.0)  # without i1 y falls from 1 to 0.25; without i2 it stays at 1
mine_b = 752_640  # 224 · 224 · 3 numbers, each tried with 5 values
mine_c = 2.0  # each alone switches y off, so each loses all of y = 1: together twice as much as there is
