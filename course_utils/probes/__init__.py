"""What checks find out beside a student's functions: at home in one kernel, graded in the sandbox.

A probe is a plain function. It gets the student's functions and the arguments of a case, looks, and
returns plain data, or raises `Unusable`. What is right it does not know: that stands in `checks`,
which a submission never sees.
"""
