"""The report while a batch runs: a page on this machine alone, that follows the gradebook and never writes to it.

watch.py    what the gradebook says now, and whether it says something new
app.py      who may ask, and what is answered
"""
