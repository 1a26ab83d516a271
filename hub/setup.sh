#!/bin/sh
# Once, as root: the groups, and the exchange with the rights that keep students apart.
#   setup.sh INSTRUCTOR
set -eu
instructor=${1:?who is the instructor?}
exchange=${COURSE_EXCHANGE:-/srv/convnet/exchange}
students=${COURSE_STUDENTS:-convnet-students}
instructors=${COURSE_INSTRUCTORS:-convnet-instructors}

groupadd --force "$students"
groupadd --force "$instructors"
usermod --append --groups "$instructors" "$instructor"

install -d -m 755 "$(dirname "$exchange")"
# nbgrader demands that everybody may write here. Sticky: else anybody could put a folder of their
# own in place of the course, and receive what others submit.
install -d -o root -g root -m 1777 "$exchange"
install -d -o "$instructor" -m 755 "$exchange/convnet" "$exchange/convnet/outbound"
# Everybody may put something in and only the instructor may look. A submission can be read by who
# knows its name, of which nbgrader makes 72 bits by chance.
install -d -o "$instructor" -m 1733 "$exchange/convnet/inbound"
# Each page of feedback is named by a secret that only its student and the instructor have.
install -d -o "$instructor" -m 711 "$exchange/convnet/feedback"

# Official results before the deadline. Students may put a question there, and nobody else; only the
# instructor may look. Each answer is named by a secret that only its student and the instructor have.
install -d -o "$instructor" -m 755 "$exchange/convnet/official"
install -d -o "$instructor" -g "$students" -m 1730 "$exchange/convnet/official/questions"
install -d -o "$instructor" -m 711 "$exchange/convnet/official/answers"
