"""How good the answers are: test prompts, what an answer to one is worth, runs and reports.

`suite` reads test prompts, `metrics` scores saved answers, `running` asks, `report` shows.
"""
