"""Replies with all numbers to come are sent before any question is asked."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """from course_utils.grading.inside import Agent
Agent.only.send({"ready": True})
for number in range(1, 100):
    Agent.only.send({"number": number, "value": [[True]]})"""
}
SAYS = "not asked"
