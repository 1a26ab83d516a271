"""The course, for a student of the department's server.

The instructor's is `nbgrader_config.py` in the repository; both name the same course and exchange.
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821 (nbgrader's loader provides it)

c.CourseDirectory.course_id = "convnet"
c.Exchange.root = os.environ["COURSE_EXCHANGE"]
c.Exchange.assignment_dir = str(Path.home())  # a copy is ~/convnet/<assignment>
c.Exchange.path_includes_course = True
c.Execute.timeout = 60  # seconds for each cell of `nbgrader validate`
c.Execute.interrupt_on_timeout = True
