"""Guanxi (关系): who trusts whom, whose influence is real, and what trusted people recommend."""
