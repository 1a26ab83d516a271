"""The loop of the kernel is stopped, and its tasks are cancelled, while a cell runs."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "count": """import asyncio
loop = asyncio.get_event_loop()
loop.call_soon(loop.stop)
for task in asyncio.all_tasks(loop):
    task.cancel("5 / 5 points")"""
}
