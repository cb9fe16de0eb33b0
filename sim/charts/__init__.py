"""What people look at: fan charts per target, the odds of all targets, the causal graph.

Every chart is drawn from a small data class (:class:`sim.charts.fan.Fan`,
:class:`sim.charts.odds.OddsRow`) so that the picture and the CSV beside it hold the same numbers.
"""
