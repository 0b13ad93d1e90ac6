"""Ways of reaching a unit. None of them knows whether the unit is real."""
