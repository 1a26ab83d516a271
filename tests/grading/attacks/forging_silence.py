"""Questions are read and never answered; an interrupt changes nothing."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = answering("""
while True:
    try:
        while self.receive(): pass
    except KeyboardInterrupt:
        pass
""")
SAYS = "could not be stopped"
