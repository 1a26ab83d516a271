"""Signals are ignored and blocked before an endless loop in C."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import signal
for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
def count(n):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return sum(range(10**18))"""
}
SAYS = "could not be stopped"
