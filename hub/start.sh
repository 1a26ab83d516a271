#!/bin/sh
# What the container does when it starts.
set -eu
echo "instructor:${INSTRUCTOR_PASSWORD:?needs a value: run with --env INSTRUCTOR_PASSWORD=...}" | chpasswd
unset INSTRUCTOR_PASSWORD
service postgresql start
as_postgres() { runuser -u postgres -- "$@"; }
if [ -z "$(cd / && as_postgres psql -Atc "SELECT 1 FROM pg_roles WHERE rolname = 'instructor'")" ]; then
    cd / && as_postgres createuser instructor && as_postgres createdb --owner instructor convnet
fi
cd /var/lib/convnet-hub
exec /opt/convnet/venv/bin/python -m jupyterhub -f /opt/convnet/hub/jupyterhub_config.py
