"""Lesson 2: the answers, and why."""

mine_a = (5, 6, 1)  # d = 1 and e = 5: a gets e, c gets d, and b, in both adders, gets both
mine_b = (2, 0)  # max is d itself while d is larger: h moves just as far as d, and not at all with e


def mine_c(d, e, m):
    passed = m if d * e > 0 else 0  # relu is flat below 0 and has the slope 1 above, whatever comes back
    return passed * e, passed * d  # multiply swaps
