"""Records that a grader keeps beside a submission: when it came, what it earned, whose it is."""

HARMLESS = False
FLAW, TRICK = "V7", "injection"
CELLS = {}
FILES = {
    "timestamp.txt": b"9999-99-99 25:61:61.9 UTC\n1970-01-01",
    "submission_secret.txt": b"honest-0\0" * 100,
    "t2_target.json": b'{"score": 25, "possible": 25, "cells": [], "remarks": []}',
    "results.json": b'{"score": 100, "tests": []}',
    "results/results.json": b'{"score": 100}',
    "feedback/t2_target.html": b"<script>alert(1)</script>",
    "reward.txt": b"1.0",
    ".OTTER_LOG": b"\x80\4.",
    "report.xml": b"<testsuite tests='9' failures='0'/>",
}
