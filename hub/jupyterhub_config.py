"""The department's server: JupyterHub, where each person is a system user (docs/hub.md).

What is particular to a machine comes from the environment.
"""

import grp
import os
import pwd
import stat
import sys
from pathlib import Path

from tornado.web import HTTPError

os.umask(0o077)  # the servers inherit it: what people write, only they can read

HUB = Path(__file__).resolve().parent
COURSE = Path(os.environ.get("COURSE_FOLDER", "/opt/convnet/course"))  # the students' copy
# How JupyterLab opens: what only a shared machine needs, and what the course itself wants.
EVERYONE = f"{HUB / 'everyone'}:{COURSE / 'course_utils' / 'course'}"
CLONE = os.environ.get("COURSE_CLONE", "convnet-course")  # in the instructor's home
EXCHANGE = os.environ.get("COURSE_EXCHANGE", "/srv/convnet/exchange")
GRADEBOOK = os.environ.get("COURSE_GRADEBOOK", "postgresql+psycopg:///convnet")
STUDENTS = os.environ.get("COURSE_STUDENTS", "convnet-students")  # groups of the system
INSTRUCTORS = os.environ.get("COURSE_INSTRUCTORS", "convnet-instructors")

c = get_config()  # noqa: F821 (JupyterHub's loader provides it)

# The address, behind a server that speaks HTTPS; the proxy that is written in Python
c.JupyterHub.bind_url = os.environ.get("HUB_URL", "http://127.0.0.1:8000")
c.ConfigurableHTTPProxy.command = [str(Path(sys.executable).with_name("configurable-http-proxy"))]
c.JupyterHub.cleanup_servers = True  # with the hub end the servers that it started

# Who may enter: users of the system, by their password, if they are in one of the groups
c.JupyterHub.authenticator_class = "pam"
c.LocalAuthenticator.allowed_groups = {STUDENTS, INSTRUCTORS}
c.PAMAuthenticator.open_sessions = False


def prepare(spawner):
    """Refuse a home that others can enter, and tell a server whose it is."""
    user = pwd.getpwnam(spawner.user.name)
    if stat.S_IMODE(os.stat(user.pw_dir).st_mode) & 0o077:
        raise HTTPError(403, f"Others can enter your home folder: chmod 700 {user.pw_dir}")
    own = {
        "COURSE_EXCHANGE": EXCHANGE,
        "JUPYTER_CONFIG_PATH": f"{HUB / 'student'}:{EVERYONE}",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(COURSE),
    }
    if INSTRUCTORS in groups_of(user):
        clone = str(Path(user.pw_dir, CLONE))  # its nbgrader_config.py is found from everywhere
        spawner.notebook_dir = clone
        own["COURSE_GRADEBOOK"] = GRADEBOOK
        own["JUPYTER_CONFIG_PATH"] = f"{clone}:{EVERYONE}"
        own["PYTHONPATH"] = clone
    spawner.environment = {**spawner.environment, **own}


def groups_of(user):
    """Names of the system groups that a user is in."""
    return {grp.getgrgid(number).gr_name for number in os.getgrouplist(user.pw_name, user.pw_gid)}


c.Spawner.pre_spawn_hook = prepare
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120  # seconds; a busy machine starts a server slowly
c.Spawner.http_timeout = 120
