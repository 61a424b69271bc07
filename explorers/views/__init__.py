"""Reusable pictures: plain data in, HTML and SVG out. A view knows no method and computes nothing about models."""
