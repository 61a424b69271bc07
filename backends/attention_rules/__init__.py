"""Rules that attention heads have learned: found, told in tokens, tested by intervention, and measured.

Friedman, Bhaskar, Wettig, Chen: Extracting Rule-based Descriptions of Attention Features in Transformers (2025),
https://arxiv.org/abs/2510.18148
"""
