"""The tests, in tiers: unit, method, api, browser; and the benchmarks, which measure and never fail."""
