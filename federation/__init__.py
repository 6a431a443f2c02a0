"""How cooperatives owe one another, and how it clears; pure: no clock, no dice, no network."""
